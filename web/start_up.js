// Says so where a page does not come up, whatever did not load. Written for the oldest browsers. A viewer's page
// (data-retry) loads itself again once the server answers. The build puts this script into each page: the policy in
// server/net/http/message.cpp allows it by its hash.
(function () {
  var html = document.documentElement, failed = false;
  function isUp() { return html.hasAttribute('data-up'); }
  function show(id) {
    var found = document.getElementById(id);
    if (!found) return document.addEventListener('DOMContentLoaded', function () { show(id); });
    if (isUp()) return;
    html.removeAttribute('data-starting');
    found.hidden = false;
    var again = document.getElementById('again');
    if (window.origin === 'null') (again.target = '_blank', again.href = location.href); // a sandboxed frame loads no modules
    else again.onclick = function (event) { event.preventDefault(); location.reload(); };
  }
  function retry() {
    if (isUp() || !html.hasAttribute('data-retry') || window.origin === 'null') return;
    var ask = new XMLHttpRequest();
    ask.onload = function () { if (ask.status < 400 && !isUp()) location.reload(); else later(); };
    ask.onerror = later;
    ask.open('HEAD', location.pathname);
    ask.send();
  }
  function later() { setTimeout(retry, 4000 + 4000 * Math.random()); }
  function fail(event) {
    var from = event.target;
    if (failed || isUp() || (from && from.nodeName && from.nodeName !== 'SCRIPT')) return;
    failed = true;
    show('stuck');
    later();
  }
  function isOld() {
    if (!('noModule' in document.createElement('script')) || !window.RTCPeerConnection) return true;
    try { // also where the browser knows no 'wasm-unsafe-eval' in the policy
      return !new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
    } catch (error) { return true; }
  }
  if (isOld()) {
    html.setAttribute('data-old', '');
    return show('old');
  }
  addEventListener('error', fail, true);
  addEventListener('unhandledrejection', fail);
  setTimeout(function () { if (!isUp()) show('stuck'); }, 20000);
  setTimeout(fail, 120000, {});
})();
