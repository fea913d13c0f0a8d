// Before anything is drawn: dark or light, as it was chosen last.
try {
  const { theme } = JSON.parse(localStorage.getItem("partly.settings") || "{}");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  // Nothing is remembered.
}
