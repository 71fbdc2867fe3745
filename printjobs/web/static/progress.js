// Shows a run's progress as the server tells it. Without this script the page shows the state it was opened with.
"use strict";

(() => {
  const live = document.getElementById("live");
  const steps = document.getElementById("steps");
  const left = document.getElementById("left");
  let status = live.dataset.status; // what this page was made from: it may have moved before the first event

  function row(step) {
    const line = document.createElement("tr");
    const name = document.createElement("th");
    name.scope = "row";
    name.textContent = step.title;
    const bar = document.createElement("progress");
    bar.max = Math.max(step.total, 1);
    bar.value = step.done;
    bar.setAttribute("aria-label", step.title);
    const cell = document.createElement("td");
    cell.append(bar);
    const count = document.createElement("td");
    count.className = "number";
    count.textContent = `${step.done.toLocaleString()}／${step.total.toLocaleString()}${step.unit}`;
    line.append(name, cell, count);
    return line;
  }

  function remaining(seconds) {
    if (seconds === null) return "";
    return seconds < 90 ? `あと約${Math.ceil(seconds)}秒` : `あと約${Math.ceil(seconds / 60)}分`;
  }

  const source = new EventSource(live.dataset.events);
  source.onmessage = (event) => {
    const told = JSON.parse(event.data);
    steps.replaceChildren(...told.steps.map(row));
    left.textContent = told.working ? `進めています。${remaining(told.left)}` : "止まっています。";
    if (status !== `${told.status}${told.working}`) location.reload();
    status = `${told.status}${told.working}`;
  };

  function stop() {
    source.close();
    left.textContent = "進み具合の表示が止まりました。長く操作がないと、入り直しが要ります。画面を開き直してください。";
  }
  source.addEventListener("ended", stop); // whoever looks may no longer
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) stop(); // otherwise the browser connects again by itself
  };
})();
