// One module, two roles.
//
//   page    imports it (through the wasm-bindgen glue) and calls startWorker(): a module worker
//           whose script is this very file, wherever the build put it.
//   worker  waits for the first message, which brings the address of the glue and the compiled
//           WebAssembly module, and starts the same program a second time, in the other role.
//
// So the program is fetched and compiled once for the page and all of its workers, no name has to
// be known at build time, and the policy `worker-src 'self'` is enough.

const ROLE = "sociscope-worker";

/** Starts a worker. Messages posted to it at once are not lost. */
export function startWorker(glueUrl, module) {
  const worker = new Worker(import.meta.url, { type: "module", name: ROLE });
  worker.postMessage({ glueUrl, module });
  return worker;
}

const isWorker = typeof WorkerGlobalScope !== "undefined" && globalThis instanceof WorkerGlobalScope;
if (isWorker && globalThis.name === ROLE) {
  // What goes wrong in asynchronous code must reach worker.onerror, not only the console.
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    globalThis.reportError(event.reason);
  });
  globalThis.addEventListener("message", (first) => boot(first.data), { once: true });
}

async function boot({ glueUrl, module }) {
  const early = [];
  const keep = (event) => early.push(event.data);
  globalThis.addEventListener("message", keep);
  const glue = await import(glueUrl);
  await glue.default({ module_or_path: module });
  glue.workerEntry();
  globalThis.removeEventListener("message", keep);
  for (const data of early) {
    globalThis.dispatchEvent(new MessageEvent("message", { data }));
  }
}
