// One request to the server, with the secret token from behind the # of the link.
const PATIENCE = 10_000;

export class Refused extends Error {
  constructor(status, body) {
    super(body.error || `The server answered with ${status}.`);
    this.status = status;
    this.body = body;
  }
}

export const token = () => location.hash.slice(1);

async function ask(method, path, body) {
  const headers = { Authorization: `Bearer ${token()}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const reply = await fetch(path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE),
  });
  if (reply.ok) return reply;
  // A server that is down behind a proxy answers, too: 5xx counts as no connection.
  if (reply.status >= 500) throw new TypeError(`server error ${reply.status}`);
  throw new Refused(reply.status, await reply.json().catch(() => ({})));
}

export const getJson = async (path) => (await ask("GET", path)).json();
export const getBlob = async (path) => (await ask("GET", path)).blob();
export const sendJson = async (method, path, body) => (await ask(method, path, body)).json();
