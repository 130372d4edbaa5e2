/** The control API. */

/** Makes a request and returns what it answers; throws an Error that says what was wrong. */
export async function request(method, path, body) {
  let response;
  try {
    response = await fetch(`/control/${path}`, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Error("The server does not answer.");
  }
  const text = await response.text();
  const answer = text ? JSON.parse(text) : null;
  if (!response.ok) {
    const message = answer?.error?.message ?? response.statusText;
    throw new Error(message.replace(/ \(See .*\)$/, ""));
  }
  return answer;
}

const RETRY = 1000;

/**
 * Listens to what happens, and again whenever the stream breaks.
 * `state` is told "live" or "reconnecting"; `handlers` are called by the kind of event.
 */
export function listen(handlers, state) {
  const source = new EventSource("/control/events");
  for (const [kind, handle] of Object.entries(handlers)) {
    source.addEventListener(kind, (event) => handle(JSON.parse(event.data)));
  }
  source.addEventListener("hello", () => state("live"));
  source.addEventListener("error", () => {
    state("reconnecting");
    // The browser tries again by itself unless it was answered with an error.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(handlers, state), RETRY);
  });
}
