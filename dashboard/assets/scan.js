/* Reading labels by camera: the browser's own reader where it has one that reads what labels carry,
   else the one bundled here. `lotgraph.camera(texts, found)` opens it over the page. */
(function () {
  const lotgraph = (window.lotgraph = window.lotgraph || {});
  const OWN = ["qr_code", "data_matrix", "code_128", "ean_13"];
  const BUNDLED = ["QRCode", "DataMatrix", "Code128", "EAN13", "Code39", "ITF"];
  const PAUSE = 120;

  const script = (src) =>
    new Promise((ok, fail) => {
      const tag = document.createElement("script");
      tag.src = src;
      tag.onload = ok;
      tag.onerror = () => fail(new Error(src));
      document.head.append(tag);
    });

  /* A function from a picture to the text of a code in it, or "". */
  const native = async () => {
    if (!("BarcodeDetector" in window)) return null;
    const known = await BarcodeDetector.getSupportedFormats().catch(() => []);
    if (!OWN.every((name) => known.includes(name))) return null;
    const detector = new BarcodeDetector({ formats: known.filter((name) => name !== "unknown") });
    return async (video) => ((await detector.detect(video))[0] || {}).rawValue || "";
  };
  const bundled = async () => {
    if (!window.ZXingWASM) await script("/assets/zxing/zxing_reader.js?v=3.1.6");
    ZXingWASM.prepareZXingModule({ overrides: { locateFile: (name) => "/assets/zxing/" + name + "?v=3.1.6" } });
    const canvas = document.createElement("canvas");
    return async (video) => {
      canvas.width = video.videoWidth;
      canvas.height = video.videoHeight;
      const drawing = canvas.getContext("2d", { willReadFrequently: true });
      drawing.drawImage(video, 0, 0);
      const picture = drawing.getImageData(0, 0, canvas.width, canvas.height);
      const seen = await ZXingWASM.readBarcodes(picture, { formats: BUNDLED, maxNumberOfSymbols: 1, tryHarder: true });
      return seen.length && seen[0].isValid ? seen[0].text : "";
    };
  };
  lotgraph.reader = async () => (await native()) || (await bundled());

  const box = (tag, name, text) => {
    const made = document.createElement(tag);
    if (name) made.className = name;
    if (text) made.textContent = text;
    return made;
  };

  lotgraph.camera = async (texts, found) => {
    const over = box("dialog", "camera");
    over.setAttribute("aria-label", texts.camera);
    const video = box("video");
    video.playsInline = video.muted = true;
    const told = box("p", "camera-told");
    told.setAttribute("role", "status");
    const close = box("button", "button wide", texts.close);
    close.type = "button";
    over.append(video, told, close);
    document.body.append(over);
    over.showModal();
    let stream = null, open = true;
    const end = () => {
      if (!open) return;
      open = false;
      if (stream) stream.getTracks().forEach((track) => track.stop());
      over.close();
      over.remove();
    };
    close.addEventListener("click", end);
    over.addEventListener("cancel", end);
    try {
      const asked = { video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } } };
      stream = await navigator.mediaDevices.getUserMedia(asked);
      if (!open) return stream.getTracks().forEach((track) => track.stop());
      video.srcObject = stream;
      await video.play();
      const read = await lotgraph.reader();
      while (open) {
        const code = video.videoWidth ? await read(video) : "";
        if (code && open) {
          if (navigator.vibrate) navigator.vibrate(60);
          end();
          return found(code);
        }
        await new Promise((ok) => setTimeout(ok, PAUSE));
      }
    } catch (error) {
      told.textContent = texts.camera_off.replace("$why", error.message || error.name);
    }
  };
})();
