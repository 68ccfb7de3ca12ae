// One stream for all tabs of a browser, which opens at most six connections to
// a host. A shared worker holds it while any tab is visible, knows what the page
// looks like, and sends all of it at once to a tab that becomes visible.
const tabs = new Set();
let stream, retry, pause, shown = new Map();

function tell(message) {
  for (const tab of tabs) tab.postMessage(message);
}

function receive({ data }) {
  const update = JSON.parse(data);
  if (update.all) shown = new Map();
  for (const one of update.put || []) shown.set(one.id, one);
  for (const id of update.gone || []) shown.delete(id);
  tell({ update });
}

function open() {
  if (stream) return;
  pause ||= 250;
  stream = new EventSource("/events");
  stream.onopen = () => {
    pause = 250;
    tell({ live: true });
  };
  stream.onmessage = receive;
  // The browser retries by itself after a cut connection, but never after an
  // error, such as a proxy's without servers, or a server's without a login.
  stream.onerror = () => {
    tell({ live: false });
    if (stream.readyState !== EventSource.CLOSED) return;
    close();
    retry = setTimeout(() => tabs.size && open(), pause);
    pause = Math.min(2 * pause, 8000);
  };
}

function close() {
  clearTimeout(retry);
  if (stream) stream.close();
  stream = undefined;
}

self.onconnect = ({ ports: [tab] }) => {
  tab.onmessage = ({ data }) => {
    if (data === "hide") {
      tabs.delete(tab);
      if (!tabs.size) close();
      return;
    }
    tabs.add(tab);
    if (stream && stream.readyState === EventSource.OPEN && shown.size) {
      tab.postMessage({ live: true });
      tab.postMessage({ update: { all: true, put: [...shown.values()] } });
    }
    open();
  };
};
