"use strict";
// One stream for all tabs of a browser, which opens at most six connections to
// a host. A shared worker holds it while any tab is visible, knows what the page
// looks like, and sends all of it at once to a tab that becomes visible. The page
// has this code as well, for where there is no worker.

// The server beats every 15 s, so a stream that is silent for longer is dead.
const silence = 35000, firstPause = 250, longestPause = 8000; // ms

class Stream {
  tabs = new Set(); // that are visible
  shown = new Map(); // fragments by their ids
  isLive = false;
  pause = firstPause;

  join(tab) {
    tab.onmessage = ({ data }) => (data === "show" ? this.show(tab) : this.hide(tab));
  }

  // show always answers, so that a tab whose worker does not can do without it.
  show(tab) {
    this.tabs.add(tab);
    const update = { all: true, version: this.version, put: [...this.shown.values()] };
    tab.postMessage(this.isLive ? { live: true, ahead: this.ahead, update } : { live: false });
    this.open();
  }

  hide(tab) {
    this.tabs.delete(tab);
    if (!this.tabs.size) this.close();
  }

  tell(message) {
    for (const tab of this.tabs) tab.postMessage(message);
  }

  open() {
    if (this.source) return;
    clearTimeout(this.retry);
    this.source = new EventSource("/events");
    this.source.onmessage = (message) => this.hear(message, JSON.parse(message.data));
    this.source.addEventListener("beat", (message) => this.hear(message));
    this.source.onerror = () => this.lose();
    this.listen();
  }

  close() {
    clearTimeout(this.retry);
    clearTimeout(this.deaf);
    this.source?.close();
    this.source = undefined;
    this.isLive = false;
  }

  // listen gives the stream up if nothing is heard from now on.
  listen() {
    clearTimeout(this.deaf);
    this.deaf = setTimeout(() => {
      this.source.close();
      this.lose();
    }, silence);
  }

  // hear takes an update, or a beat. Its id is the server's time, which the
  // browser's clock may be behind.
  hear({ lastEventId }, update) {
    this.listen();
    this.isLive = true;
    this.pause = firstPause;
    this.ahead = Date.parse(lastEventId) - Date.now();
    if (update) this.keep(update);
    this.tell({ live: true, ahead: this.ahead, update });
  }

  keep({ all, version, put = [], gone = [] }) {
    if (all) {
      this.version = version;
      this.shown.clear();
    }
    for (const one of put) this.shown.set(one.id, one);
    for (const id of gone) this.shown.delete(id);
  }

  // The browser asks again by itself after a cut connection, but never after an
  // error, such as a proxy's without servers, or a server's without a login.
  lose() {
    this.isLive = false;
    this.tell({ live: false });
    if (this.source.readyState !== EventSource.CLOSED) return;
    this.close();
    this.retry = setTimeout(() => this.open(), this.pause);
    this.pause = Math.min(2 * this.pause, longestPause);
  }
}

const stream = new Stream();
self.onconnect = ({ ports: [tab] }) => stream.join(tab);
