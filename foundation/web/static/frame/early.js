// Runs before anything is painted, so that a dark room never sees a white flash.
// Kept by words.js and light.js; a private window has no storage, which is fine.
try {
  const light = localStorage.getItem("callcenter.light");
  if (light === "light" || light === "dark") document.documentElement.dataset.light = light;
} catch { /* the system's own choice then */ }
