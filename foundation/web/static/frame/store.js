// What a browser remembers of its user's taste. A private window may forget: nothing depends on it.

export function stored(key) {
  try { return localStorage.getItem(`callcenter.${key}`); } catch { return null; }
}

export function store(key, value) {
  try { localStorage.setItem(`callcenter.${key}`, value); } catch { /* as above */ }
}
