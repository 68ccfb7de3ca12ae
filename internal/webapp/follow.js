"use strict";
// Keeps the dashboard at the stream while its tab is visible, and says so if what
// it shows may be old.

// Whatever becomes of the stream, who holds it says so sooner.
const mute = 45000; // ms
let port, heard, lost;

function live(is) {
  document.body.classList.toggle("live-now", is);
  if (!is) {
    lost ||= setTimeout(() => document.body.classList.add("lost"), 2000);
    return;
  }
  clearTimeout(lost);
  lost = undefined;
  document.body.classList.remove("lost");
}

function receive({ data }) {
  heard = performance.now();
  ahead = data.ahead ?? ahead;
  live(data.live);
  if (data.update) apply(data.update);
}

// show asks for the stream. What the page shows may be old until it is heard.
function show() {
  port.postMessage("show");
  heard = performance.now();
  live(false);
}

function hide() {
  port.postMessage("hide");
  clearTimeout(lost);
  lost = undefined;
}

const isVisible = () => document.visibilityState === "visible";
const follow = () => (isVisible() ? show() : hide());

function join(to) {
  if (port) hide();
  port = to;
  port.onmessage = receive;
  follow();
}

// Without a worker that answers, the page has a stream of its own.
function alone() {
  const { port1, port2 } = new MessageChannel();
  if (port) port.onmessage = null;
  stream.join(port1);
  join(port2);
}

// There may be no shared workers (Chrome on Android), or they may be forbidden.
// A server refuses to give a page the worker of another version.
function start() {
  try {
    const worker = new SharedWorker(`/live.js?${version}`, "deux");
    worker.onerror = alone;
    join(worker.port);
  } catch {
    alone();
  }
}

addEventListener("visibilitychange", follow);
addEventListener("pagehide", hide);
addEventListener("pageshow", ({ persisted }) => persisted && follow());
setInterval(() => {
  tick();
  if (isVisible() && performance.now() - heard > mute) alone();
}, 1000);
tick();
start();
