// Loads the program. An external file, because the page's policy allows no inline script; Trunk
// fills the addresses of the glue and the WebAssembly module into its script element.

const script = document.querySelector("script[data-glue]");
const address = (name) => new URL(script.dataset[name], document.baseURI).href;

// The chosen theme, before the first paint of the program. Same key as in browser/theme.rs.
try {
  const theme = localStorage.getItem("sociscope.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; the system's theme it is.
}

try {
  const glue = await import(address("glue"));
  await glue.default({ module_or_path: address("wasm") });
} catch (error) {
  document.getElementById("fault").hidden = false;
  throw error;
}
