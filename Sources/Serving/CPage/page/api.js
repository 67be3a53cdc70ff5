// Talks to the server that the page came from.

/** A refusal by the server: its own sentence, followed by its hint. */
export class Refusal extends Error {
  constructor(error, status) {
    super(error.hint ? `${error.message}; ${error.hint}` : error.message);
    this.code = error.code;
    this.status = status;
  }
}

async function answer(response) {
  if (response.ok) return response;
  let error = { code: "page.answer", message: `The server answered ${response.status}.` };
  try { error = (await response.json()).error ?? error; } catch { /* not JSON: the sentence above */ }
  throw new Refusal(error, response.status);
}

async function ask(path, options) {
  try {
    return await answer(await fetch(path, options));
  } catch (problem) {
    if (problem instanceof TypeError) {
      throw new Refusal({ code: "page.offline", message: "The server does not answer.", hint: "Start it again; nothing is lost." }, 0);
    }
    throw problem;
  }
}

export async function get(path) { return (await ask(path)).json(); }

export async function send(method, path, body, signal) {
  const response = await ask(path, {
    method, signal, headers: { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return response.status === 204 ? null : response.json();
}

export async function upload(path, file) {
  const response = await ask(`${path}?name=${encodeURIComponent(file.name)}`, {
    method: "POST", headers: { "Content-Type": file.type || "application/octet-stream" }, body: file,
  });
  return response.json();
}

/** The bytes of an answer, as a blob. */
export async function blob(method, path, body) {
  const response = await ask(path, {
    method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  return response.blob();
}

/**
 * Listens to a job until it is over; resumes where it left off if the connection breaks.
 * @returns {Promise<{name: string, data: any}>} the last event
 */
export function listen(job, onEvent) {
  return new Promise((resolve) => {
    const source = new EventSource(`/api/jobs/${job}/events`);
    const finals = ["done", "failed", "cancelled"];
    for (const name of ["progress", "frame", "gap", ...finals]) {
      source.addEventListener(name, (event) => {
        const data = JSON.parse(event.data);
        if (!finals.includes(name)) { onEvent(name, data); return; }
        source.close();
        resolve({ name, data });
      });
    }
  });
}
