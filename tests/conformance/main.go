// Command conformance runs the reference implementation (soci-snapshotter v0.15.0, its packages
// unmodified) on one layer, so that tests and benchmarks can hold ours against it.
//
//	conformance ztoc LAYER SPAN_SIZE gzip|uncompressed OUT
//
// It writes the zTOC to OUT and prints one JSON line with the CPU and wall seconds that building
// and marshalling took. Development only: nothing of it ships. Run with TZ=UTC, because the
// reference stores modification times in the zone of its process.
package main

import (
	_ "crypto/sha256" // the digests of the spans are looked up by name
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/awslabs/soci-snapshotter/ztoc"
)

const buildTool = "AWS SOCI CLI v0.2"

func main() {
	if len(os.Args) != 6 || os.Args[1] != "ztoc" {
		fmt.Fprintln(os.Stderr, "usage: conformance ztoc LAYER SPAN_SIZE gzip|uncompressed OUT")
		os.Exit(2)
	}
	if err := build(os.Args[2], os.Args[3], os.Args[4], os.Args[5]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func build(layer, spanSize, algorithm, out string) error {
	span, err := strconv.ParseInt(spanSize, 10, 64)
	if err != nil {
		return err
	}
	cpuBefore, wallBefore := cpuSeconds(), time.Now()
	toc, err := ztoc.NewBuilder(buildTool).BuildZtoc(layer, span, ztoc.WithCompression(algorithm))
	if err != nil {
		return err
	}
	reader, _, err := ztoc.Marshal(toc)
	if err != nil {
		return err
	}
	bytes, err := io.ReadAll(reader)
	if err != nil {
		return err
	}
	cpu, wall := cpuSeconds()-cpuBefore, time.Since(wallBefore).Seconds()
	if err := os.WriteFile(out, bytes, 0o644); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]float64{"cpu_seconds": cpu, "wall_seconds": wall})
}

// cpuSeconds is the user and system time of this process so far.
func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(usage.Utime) + seconds(usage.Stime)
}
