import { button, progressBar, slider } from "../dom/controls";
import { el, setText, show } from "../dom/el";
import { icon } from "../dom/icons";
import { Refused, Unreachable } from "../server/client";
import { startJob } from "../studio/jobs";
import type { AppState } from "../studio/state";
import { say, type Studio } from "../studio/studio";
import { labelsPhotos } from "../studio/words";
import { Camera } from "./camera";
import { BrowserNetwork } from "./network";
import { PartsView, type Size } from "./parts_view";
import { scaledTo } from "./square";

const MOST_SIDE_PX = 1280;
const CAMERA_SIDE_PX = 640;

export interface TryPanel {
  readonly element: HTMLElement;
  /** Segments a photo. */
  photo(file: Blob): Promise<void>;
  /** Another page is shown: the camera goes off. */
  leave(): void;
  /** The network was exported anew: the next photo fetches it. */
  forget(): void;
}

/** Photos and camera through the network, in the browser. */
export function tryPanel(studio: Studio): TryPanel {
  return new TryView(studio);
}

class TryView implements TryPanel {
  readonly element: HTMLElement;
  private readonly view = new PartsView();
  private readonly ask = el("div", { class: "try-ask" });
  private readonly status = el("p", { class: "note try-status", attrs: { role: "status" } });
  private readonly bar = progressBar("Fetching the network");
  private readonly file = el("input", {
    class: "visually-hidden",
    attrs: { type: "file", accept: "image/*", tabindex: -1, "aria-label": "Photo" },
  });
  private readonly cameraButton = button({
    label: "Camera",
    text: true,
    icon: "camera",
    press: () => void this.toggleCamera(),
  });
  private readonly saveButtons: HTMLElement;
  private readonly camera = new Camera();
  private network: BrowserNetwork | null = null;
  private loading: Promise<BrowserNetwork | null> | null = null;
  private cannotRun = false;
  private turn = 0;

  constructor(private readonly studio: Studio) {
    this.file.addEventListener("change", () => {
      const photo = this.file.files?.[0];
      this.file.value = "";
      if (photo) void this.photo(photo);
    });
    this.saveButtons = el(
      "span",
      { class: "try-save", attrs: { hidden: true } },
      button({
        label: "Save parts",
        text: true,
        icon: "download",
        hint: "The parts as a PNG, at the size shown",
        press: () => this.view.save(false),
      }),
      button({
        label: "Save picture",
        text: true,
        icon: "download",
        hint: "The photo with its parts over it",
        press: () => this.view.save(true),
      }),
    );
    const opacity = slider({
      label: "Parts",
      min: 0,
      max: 100,
      step: 5,
      format: (value) => `${value} %`,
      change: (value) => this.view.setOpacity(value / 100),
    });
    opacity.set(60);
    this.view.setOpacity(0.6);
    this.element = el(
      "section",
      { class: "try", attrs: { "aria-label": "Photos and camera" } },
      el(
        "div",
        { class: "try-bar", attrs: { role: "toolbar", "aria-label": "Photos and camera" } },
        button({
          label: "Choose a photo",
          text: true,
          icon: "photo",
          class: "primary",
          press: () => this.file.click(),
        }),
        this.cameraButton,
        el("div", { class: "try-opacity" }, opacity.element),
        this.saveButtons,
      ),
      this.file,
      this.status,
      this.bar.element,
      el(
        "div",
        { class: "try-middle" },
        el("div", { class: "try-frame" }, this.ask, this.view.element),
        this.view.legend,
      ),
    );
    show(this.bar.element, false);
    studio.store.watch(
      (state) => [state.server?.models, state.server?.jobs.some((job) => job.state === "running")],
      () => this.drawAsk(),
    );
    studio.store.watch(
      (state) => state.finishStep === "try" && state.page === "finish",
      (isHere) => {
        if (isHere && studio.store.get().server?.models.onnx) void this.ready();
        if (!isHere) this.leave();
      },
    );
  }

  leave(): void {
    if (this.camera.isOn) this.stopCamera();
  }

  /** The network's file was made anew. */
  forget(): void {
    this.network?.close();
    this.network = this.loading = null;
  }

  async photo(file: Blob): Promise<void> {
    this.leave();
    this.studio.store.set({ page: "finish", finishStep: "try" });
    const turn = ++this.turn;
    const { limits } = this.studio.store.get().server ?? {};
    if (!canSegment(this.studio.store.get())) {
      this.tell(
        "There is no network yet that could segment a photo: fit, then distil. It takes some minutes.",
      );
      return;
    }
    if (limits && file.size > limits.photo_bytes) {
      this.tell(`This file is too large: at most ${Math.floor(limits.photo_bytes / 2 ** 20)} MiB.`);
      return;
    }
    let photo: ImageBitmap;
    try {
      photo = await createImageBitmap(file);
    } catch {
      this.tell("This file is no picture that the browser can read. JPEG, PNG and WebP work.");
      return;
    }
    if (turn !== this.turn) return;
    const size = shownSize(photo.width, photo.height, MOST_SIDE_PX);
    this.showPhoto(photo, size, false);
    this.tell("Segmenting …");
    const began = performance.now();
    try {
      const network = await this.ready();
      if (turn !== this.turn) return;
      const labels = network
        ? await network.segment(photo, photo, size, true)
        : await this.onServer(file, size);
      if (turn !== this.turn) return;
      const parts = network?.facts.parts ?? this.studio.store.get().server?.parts ?? [];
      this.view.drawParts(labels, size, parts);
      show(this.saveButtons, true);
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      this.tell(
        network
          ? `${seconds} s in this browser. The photo has not left this page.`
          : `${seconds} s by Partly’s server, where the studio runs.`,
      );
    } catch (error) {
      if (error instanceof Refused || error instanceof Unreachable || error instanceof Error)
        this.tell(error.message);
      else throw error;
    } finally {
      photo.close();
    }
  }

  /** The network in this browser; null where it cannot run here or is not exported. */
  private async ready(): Promise<BrowserNetwork | null> {
    const { server } = this.studio.store.get();
    if (this.network || this.cannotRun || !server?.models.onnx) return this.network;
    this.loading ??= this.load();
    const loaded = await this.loading;
    this.loading = null;
    return loaded;
  }

  private async load(): Promise<BrowserNetwork | null> {
    show(this.bar.element, true);
    this.bar.set(0);
    try {
      this.network = await BrowserNetwork.load(this.studio.client, (share) =>
        this.bar.set(share < 1 ? share : null),
      );
      this.drawAsk();
      return this.network;
    } catch (error) {
      if (error instanceof Unreachable || error instanceof Refused) throw error;
      this.cannotRun = true;
      console.error(error);
      say(
        this.studio,
        "The network cannot run in this browser; Partly’s server segments photos instead.",
        "bad",
      );
      return null;
    } finally {
      show(this.bar.element, false);
    }
  }

  private async onServer(file: Blob, size: Size): Promise<Uint8Array<ArrayBuffer>> {
    const { width, height, labels } = await this.studio.client.segment(file);
    const out = new Uint8Array(size.width * size.height);
    for (let y = 0; y < size.height; y++) {
      const row = Math.floor((y * height) / size.height) * width;
      for (let x = 0; x < size.width; x++)
        out[y * size.width + x] = labels[row + Math.floor((x * width) / size.width)];
    }
    return out;
  }

  private async toggleCamera(): Promise<void> {
    if (this.camera.isOn) {
      this.stopCamera();
      return;
    }
    const turn = ++this.turn;
    const network = await this.ready().catch(() => null);
    if (!network) {
      this.tell("The camera needs the network in this browser: distil and export first.");
      return;
    }
    try {
      await this.camera.start();
    } catch (error) {
      this.tell(cameraTrouble(error));
      return;
    }
    this.showCamera(true);
    void this.cameraLoop(network, turn);
  }

  private async cameraLoop(network: BrowserNetwork, turn: number): Promise<void> {
    let rate = 0;
    let drawnAt = performance.now();
    while (this.camera.isOn && turn === this.turn) {
      const { video } = this.camera;
      if (video.videoWidth === 0) {
        await nextFrame();
        continue;
      }
      const size = shownSize(video.videoWidth, video.videoHeight, CAMERA_SIDE_PX);
      this.showPhoto(video, size, true);
      try {
        const labels = await network.segment(this.view.photo, size, size, false);
        if (!this.camera.isOn || turn !== this.turn) return;
        this.view.drawParts(labels, size, network.facts.parts);
        show(this.saveButtons, true);
      } catch (error) {
        this.stopCamera();
        this.tell(error instanceof Error ? error.message : String(error));
        return;
      }
      const now = performance.now();
      rate = rate * 0.8 + 0.2 * (1000 / Math.max(1, now - drawnAt));
      drawnAt = now;
      this.tell(
        `Live, ${rate < 10 ? rate.toFixed(1) : Math.round(rate)} pictures a second, in this browser. No picture leaves this page.`,
      );
      await nextFrame();
    }
  }

  private stopCamera(): void {
    this.turn++;
    this.camera.stop();
    this.showCamera(false);
    this.tell("Camera off.");
  }

  private showCamera(isOn: boolean): void {
    setText(this.cameraButton.querySelector(".button-text")!, isOn ? "Camera off" : "Camera");
    this.cameraButton.setAttribute("aria-pressed", String(isOn));
    this.element.classList.toggle("live", isOn);
  }

  private showPhoto(source: CanvasImageSource, size: Size, isLive: boolean): void {
    this.view.drawPhoto(source, size, isLive);
    show(this.ask, false);
  }

  private drawAsk(): void {
    const { server } = this.studio.store.get();
    const models = server?.models;
    const isBusy = server?.jobs.some((job) => job.state === "running") ?? false;
    const isPossible = canSegment(this.studio.store.get());
    const big = isPossible ? "Drop a photo here" : "There is no network yet";
    const small = models?.onnx
      ? "or choose one, or turn the camera on. The network runs in this browser: the photo never leaves this machine."
      : isPossible
        ? "Partly’s server segments it, on the machine where the studio runs. Export the network, and it runs in this browser, with the camera too."
        : "Label a picture, fit, distil and export. Then drop photos here, or turn the camera on.";
    const toExport =
      isPossible && !models?.onnx && models?.auto_shot !== "missing"
        ? button({
            label: "Export now",
            text: true,
            class: "primary",
            press: () => void startJob(this.studio, "export", {}),
          })
        : null;
    if (toExport) toExport.disabled = isBusy;
    this.ask.replaceChildren(
      icon("photo"),
      el("h3", {}, big),
      el("p", {}, small),
      ...(toExport ? [toExport] : []),
    );
    this.cameraButton.disabled = !models?.onnx || this.cannotRun;
    this.cameraButton.title = this.cameraButton.disabled
      ? "Needs the exported network"
      : "Segments what the camera sees, live";
  }

  private tell(text: string): void {
    setText(this.status, text);
  }
}

/** Whether there is something that segments photos: a network, or what was fitted on photos. */
function canSegment(state: Readonly<AppState>): boolean {
  const models = state.server?.models;
  if (!models) return false;
  const isFitted = labelsPhotos(state) && models.few_shot !== "missing";
  return models.onnx || models.auto_shot !== "missing" || isFitted;
}

/** A photo's size on the page: as it is, but not above a limit. */
function shownSize(width: number, height: number, limit: number): Size {
  return Math.max(width, height) <= limit ? { width, height } : scaledTo(limit, width, height);
}

function cameraTrouble(error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError")
    return "The browser may not use the camera. Allow it beside the address, then press Camera again.";
  if (name === "NotFoundError") return "No camera was found.";
  if (name === "NotReadableError")
    return "Another program uses the camera. Close it, then press Camera again.";
  return "The camera cannot be used here. Browsers allow it on this machine, or over https only.";
}

function nextFrame(): Promise<unknown> {
  return new Promise((resolve) => requestAnimationFrame(resolve));
}
