// Calls the server.

// get returns the response of a call. Its error has the message of the server.
export async function get(path, parameters, options = {}) {
  const query = new URLSearchParams(parameters).toString();
  let response;
  try {
    response = await fetch("/api/" + path + (query ? "?" + query : ""), options);
  } catch (e) {
    if (e.name === "AbortError") throw e;
    throw new Error("The server does not respond: start messagebatches view again.");
  }
  if (response.ok) return response.json();
  const text = await response.text();
  let message = text;
  try { message = JSON.parse(text).error; } catch { /* not JSON */ }
  throw new Error(message);
}

// lines yields the JSON Lines of the response as they arrive.
export async function* lines(path, parameters, signal) {
  const response = await fetch("/api/" + path + "?" + new URLSearchParams(parameters), { signal });
  if (!response.ok) throw new Error((await response.json()).error);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const p of parts) yield JSON.parse(p);
  }
}
