fetch("version.txt")
  .then((response) => response.text())
  .then((version) => {
    document.getElementById("version").textContent = version.trim();
  });
