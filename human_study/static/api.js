// Requests to the server, with the secret token from the fragment of the link.
const PATIENCE = 10_000;

const sentence = (text) => text[0].toUpperCase() + text.slice(1).replace(/\.?$/, ".");

export class Refused extends Error {
  constructor(status, body) {
    super(sentence(body.error || `the server responded with status ${status}`));
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
  // A proxy answers for a server that is down, so 5xx is treated as a lost connection.
  if (reply.status >= 500) throw new TypeError(`server error ${reply.status}`);
  throw new Refused(reply.status, await reply.json().catch(() => ({})));
}

// A browser that forbids storage throws on access to localStorage; then changes are kept in memory only.
export const storage = (() => {
  try {
    localStorage.length;
    return localStorage;
  } catch {
    return { length: 0, key: () => null, getItem: () => null, setItem() {}, removeItem() {} };
  }
})();

export const getJson = async (path) => (await ask("GET", path)).json();
export const getBlob = async (path) => (await ask("GET", path)).blob();
export const sendJson = async (method, path, body) => (await ask(method, path, body)).json();
