"use strict";
// What a person does with the dashboard: which click counts, and what it asks for.

// ---- aim ----

// When cards close up, another comes to lie under a pointer at rest, and a click
// there is not meant for it. A card is aimed at if the pointer has moved, or the
// person has scrolled, while the card was under it.
const settled = new WeakMap(), settling = 700, jitter = 3; // ms, pixels
let aimed, rests, scrolls = -Infinity, touches = false;

const cardAt = ({ x, y }) => document.elementFromPoint(x, y)?.closest(".card") ?? null;

function aim({ clientX: x, clientY: y, pointerType }) {
  touches = pointerType === "touch";
  if (touches || rests && Math.hypot(x - rests.x, y - rests.y) < jitter) return;
  rests = { x, y };
  aimed = cardAt(rests);
  document.body.classList.remove("astray");
}

function isMeant(card) {
  if (performance.now() - settled.get(card) < settling) return false;
  return touches || aimed === card;
}

for (const type of ["pointermove", "pointerdown"]) addEventListener(type, aim, { capture: true, passive: true });
addEventListener("wheel", () => { scrolls = performance.now(); }, { passive: true });
addEventListener("scroll", () => {
  if (rests && performance.now() - scrolls < 1000) aimed = cardAt(rests);
}, { capture: true, passive: true });

// A click of the keyboard has no detail.
addEventListener("click", (event) => {
  const card = event.target.closest?.("button")?.closest(".card");
  if (!card || !event.detail || isMeant(card)) return;
  event.preventDefault();
  note(`Nothing was done: ${card.querySelector(".port, .garbage").textContent} came to lie there by itself. Point at it again, then click.`, true);
}, { capture: true });

// ---- buttons ----

let clearing;

// note says what has happened, for a while: longer if a person has to read why
// it has not. Nothing else on the page makes room for it.
function note(text, bad) {
  const notice = byId("notice");
  clearTimeout(clearing);
  notice.textContent = text;
  notice.classList.toggle("bad", Boolean(bad));
  byId("dismiss")?.remove();
  if (!text) return;
  const button = document.createElement("button"), near = refuges(document.activeElement);
  const dismiss = () => {
    note("");
    refocus(near, true);
  };
  Object.assign(button, { id: "dismiss", type: "button", className: "quiet", textContent: "×", onclick: dismiss });
  button.setAttribute("aria-label", "Dismiss the notice");
  notice.after(button);
  const clear = () => {
    if (button.matches(":hover, :focus")) clearing = setTimeout(clear, 1000);
    else note("");
  };
  clearing = setTimeout(clear, bad ? 20000 : 8000);
}

addEventListener("keydown", ({ key }) => { if (key === "Escape") note(""); });

function done(path, answer, body) {
  const name = body.get("server")?.replace(/^http:\/\/[^/]*:/, "");
  switch (path) {
    case "/spawn": return `${answer.port} is wanted.`;
    case "/retry": return `${name} is wanted again.`;
    case "/forget": return `${name} is forgotten.`;
    case "/destroy": return answer.message || `${answer.port} is leaving.`;
    default: return `Picture stored, ${answer.bytes} bytes.`;
  }
}

// next is where to go after a login: to what was asked for, which then asks, or
// to the first page if that needs a form.
function next(path, body) {
  return path === "/upload" || body.has("server") ? "/" : path;
}

// send reports whether it was done.
async function send(path, body) {
  note("");
  try {
    const response = await fetch(path, { method: "POST", body, headers: { Accept: "application/json" } });
    if (response.status === 401) {
      location.assign(`/login?next=${encodeURIComponent(next(path, body))}`);
      return false;
    }
    const answer = await response.json();
    note(response.ok ? done(path, answer, body) : answer.error, !response.ok);
    return response.ok;
  } catch {
    note("No answer. It may have happened or not: check before you try again.", true);
    return false;
  }
}

// A double click is one wish, however soon the first click is answered.
const doubleClick = 500; // ms

addEventListener("submit", async (event) => {
  const form = event.target, path = new URL(form.action).pathname;
  if (form.method !== "post" || !["/spawn", "/destroy", "/retry", "/forget", "/upload"].includes(path)) return;
  event.preventDefault();
  const data = new FormData(form), button = form.querySelector("button");
  if (button.hasAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  const rest = new Promise((over) => setTimeout(over, doubleClick));
  if (await send(path, path === "/upload" ? data : new URLSearchParams(data))) form.reset();
  await rest;
  button.removeAttribute("aria-busy");
});

const pictures = byId("h-pictures")?.closest("section");
for (const type of ["dragover", "dragleave", "drop"])
  pictures?.addEventListener(type, (event) => {
    event.preventDefault();
    pictures.classList.toggle("over", type === "dragover");
    if (type !== "drop" || !event.dataTransfer.files.length) return;
    const data = new FormData();
    data.append("image", event.dataTransfer.files[0]);
    send("/upload", data);
  });

byId("filter").form.addEventListener("submit", (event) => event.preventDefault());
byId("filter").addEventListener("input", filter);
