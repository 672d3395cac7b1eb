// Only for keys and sounds: everything works without it.
"use strict";
(() => {
  const typing = (at) => at && (/^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName) || at.isContentEditable);
  const tasks = () => [...document.querySelectorAll(".tasks a")];
  const step = (by) => {
    const all = tasks();
    if (!all.length) return;
    const now = all.indexOf(document.activeElement);
    all[Math.min(all.length - 1, Math.max(0, now + by))].focus();
  };
  const keyed = (key) => [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape") {
      const open = document.querySelector("details.verb[open]");
      if (open) { open.open = false; open.querySelector("summary").focus(); }
      return;
    }
    if (typing(event.target)) return;
    if (event.key === "ArrowDown" || event.key === "j") { if (tasks().length) { event.preventDefault(); step(1); } return; }
    if (event.key === "ArrowUp") { if (tasks().length) { event.preventDefault(); step(-1); } return; }
    const found = keyed(event.key.toLocaleLowerCase("tr"));
    if (!found) return;
    event.preventDefault();
    if (found.tagName === "SUMMARY") {
      const fold = found.parentElement;
      document.querySelectorAll("details.verb[open]").forEach((other) => { if (other !== fold) other.open = false; });
      fold.open = true;
      (fold.querySelector("[data-first]") || fold.querySelector("button")).focus();
    } else if (found.tagName === "A" || found.tagName === "BUTTON") {
      found.click();
    } else {
      found.focus();
    }
  });
  // What is decided on what somebody saw is sent once, however often they click.
  const decides = (form) => form.method === "post" && form.querySelector("[name=seen]");
  document.addEventListener("submit", (event) => {
    if (!decides(event.target)) return;
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("[data-sent]").forEach((form) => delete form.dataset.sent));
  // The first thing to do is under the fingers at once.
  const first = tasks()[0];
  if (first && document.activeElement === document.body) first.focus();
  // The paper desk is heard, for nobody looks at it.
  const sound = document.querySelector("[data-sound]");
  if (sound) {
    try {
      const context = new AudioContext();
      const tone = context.createOscillator(), volume = context.createGain();
      tone.frequency.value = sound.dataset.sound === "good" ? 880 : 220;
      volume.gain.value = 0.08;
      tone.connect(volume).connect(context.destination);
      tone.start();
      tone.stop(context.currentTime + (sound.dataset.sound === "good" ? 0.12 : 0.5));
    } catch { /* silent machines are told in words */ }
  }
})();
