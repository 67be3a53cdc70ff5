#!/usr/bin/env python3
"""Makes Tests/MediaTests/Fixtures: odd pictures, and what Pillow and PyTorch make of them.

Needs numpy, pillow (13, see `Resizer.likePIL`) and torch. Every `NAME.rgb` is the raw RGB8 of Pillow's convert("RGB"); every
`.f32` is raw little-endian float32. Sizes are in the names. Run from anywhere; the output is
deterministic for one version of Pillow and PyTorch.
"""
import io
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

FOLDER = Path(__file__).resolve().parent.parent / "Tests" / "MediaTests" / "Fixtures"
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def scene(width, height, seed=1):
    """A smooth picture with an edge and a little noise, uint8 [height, width, 3]."""
    y, x = np.mgrid[0:height, 0:width]
    r = np.random.default_rng(seed)
    rgb = np.stack([255 * x / width, 255 * y / height, 127 + 120 * np.sin(x * 0.4 + y * 0.3)], -1)
    rgb[(x - width / 2) ** 2 + (y - height / 2) ** 2 < (height / 3) ** 2] = (250, 40, 10)
    return np.clip(rgb + r.normal(0, 6, rgb.shape), 0, 255).astype(np.uint8)


def pack(samples, depth):
    """Rows of samples [height, width * channels] to PNG scanlines with filter 0."""
    out = b""
    for row in samples:
        if depth == 16:
            data = row.astype(">u2").tobytes()
        elif depth == 8:
            data = row.astype(np.uint8).tobytes()
        else:
            bits = "".join(format(int(v), f"0{depth}b") for v in row)
            bits += "0" * (-len(bits) % 8)
            data = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
        out += b"\0" + data
    return out


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(samples, depth, colour, palette=None, transparency=None, interlaced=False, extra=b""):
    """A PNG of samples [height, width, channels]; Pillow cannot write most of these kinds."""
    height, width, channels = samples.shape
    if interlaced:
        data = b""
        for x0, y0, dx, dy in ADAM7:
            part = samples[y0::dy, x0::dx]
            if part.size:
                data += pack(part.reshape(part.shape[0], -1), depth)
    else:
        data = pack(samples.reshape(height, -1), depth)
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra
        + (chunk(b"PLTE", palette) if palette else b"")
        + (chunk(b"tRNS", transparency) if transparency else b"")
        + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b"")
    )


def put(name, data):
    (FOLDER / name).write_bytes(data)


def put_with_pixels(name, data, pixels=None):
    put(name, data)
    if pixels is None:
        pixels = np.array(Image.open(io.BytesIO(data)).convert("RGB"))
    put(Path(name).stem + ".rgb", pixels.astype(np.uint8).tobytes())


def make_pngs():
    r = np.random.default_rng(7)
    w, h = 13, 9
    any_palette = r.integers(0, 256, 768).astype(np.uint8).tobytes()
    for depth in (1, 2, 4, 8):
        gray = r.integers(0, 2**depth, (h, w, 1))
        put_with_pixels(f"gray{depth}_13x9.png", png(gray, depth, 0))
        put_with_pixels(f"palette{depth}_13x9.png", png(gray, depth, 3, any_palette[: 3 * 2**depth]))
    gray = r.integers(0, 65536, (h, w, 1))
    # Pillow clips 16-bit gray to white above 255; the high byte is what a viewer shows.
    put_with_pixels("gray16_13x9.png", png(gray, 16, 0), np.repeat(gray >> 8, 3, axis=2))
    for name, colour, channels in (("grayalpha", 4, 2), ("rgb", 2, 3), ("rgba", 6, 4)):
        for depth in (8, 16):
            samples = r.integers(0, 2**depth, (h, w, channels))
            put_with_pixels(f"{name}{depth}_13x9.png", png(samples, depth, colour))
    index = r.integers(0, 256, (h, w, 1))
    put_with_pixels("transparent_13x9.png", png(index, 8, 3, any_palette, bytes(range(256))))
    put_with_pixels("interlaced_13x9.png", png(r.integers(0, 256, (h, w, 3)), 8, 2, interlaced=True))
    put_with_pixels("interlaced4_13x9.png", png(r.integers(0, 16, (h, w, 1)), 4, 3, any_palette[:48], interlaced=True))
    # A text chunk that inflates to 64 MiB; it must cost nothing.
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(zlib.compress(b"\0" * (1 << 26), 9), 9))
    put_with_pixels("textbomb_13x9.png", png(index, 8, 0, extra=bomb))
    good = png(r.integers(0, 256, (h, w, 3)), 8, 2)
    put("truncated.png", good[: len(good) * 2 // 3])
    broken = bytearray(good)
    broken[-40] ^= 0x55
    put("badcrc.png", bytes(broken))
    # A huge size in a small file.
    head = struct.pack(">IIBBBBB", 900_000, 900_000, 8, 2, 0, 0, 0)
    put("huge.png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b""))


def jpeg(image, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


def make_jpegs():
    image = Image.fromarray(scene(37, 29))
    put_with_pixels("baseline420_37x29.jpg", jpeg(image, quality=85))
    put_with_pixels("baseline422_37x29.jpg", jpeg(image, quality=85, subsampling=1))
    put_with_pixels("progressive444_37x29.jpg", jpeg(image, quality=90, subsampling=0, progressive=True))
    put_with_pixels("gray_37x29.jpg", jpeg(image.convert("L"), quality=85))
    put_with_pixels("cmyk_37x29.jpg", jpeg(image.convert("CMYK"), quality=90))
    put("truncated.jpg", jpeg(image, quality=85)[:-400])
    put("truncated_progressive.jpg", jpeg(image, quality=85, progressive=True)[:-400])
    damaged = bytearray(jpeg(image, quality=85))
    damaged[-300:-290] = b"\xff\xd5\xff\xd5\xff\xd5\xff\xd5\xff\xd5"
    put("damaged.jpg", bytes(damaged))
    small = Image.fromarray(scene(12, 7, seed=3))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = jpeg(small, quality=80, subsampling=0, exif=exif)
        upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
        put(f"orientation{orientation}.jpg", data)
        put(f"orientation{orientation}.rgb", np.array(upright).tobytes())
    # One legal progressive picture whose last scan is repeated 1200 times.
    data = jpeg(Image.fromarray(scene(8, 8)).convert("L"), quality=50, progressive=True)
    last = data.rindex(b"\xff\xda")
    put("scanbomb.jpg", data[:last] + data[last:-2] * 1200 + data[-2:])


def webp(image, **options):
    out = io.BytesIO()
    image.save(out, "WEBP", **options)
    return out.getvalue()


def make_webps():
    image = Image.fromarray(scene(37, 29))
    put_with_pixels("lossless_37x29.webp", webp(image, lossless=True))
    put_with_pixels("lossy_37x29.webp", webp(image, quality=90))
    alpha = image.convert("RGBA")
    alpha.putalpha(Image.fromarray(scene(37, 29, seed=2)[:, :, 0]))
    put_with_pixels("alpha_37x29.webp", webp(alpha, lossless=True, exact=True))
    put("animated.webp", webp(image, save_all=True, append_images=[image.rotate(90)], lossless=True))
    exif = Image.Exif()
    exif[0x0112] = 6
    data = webp(Image.fromarray(scene(12, 7, seed=3)), lossless=True, exif=exif)
    put("turned.webp", data)
    put("turned.rgb", np.array(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")).tobytes())


def make_resized():
    source = scene(37, 29, seed=5)
    put("resize_source_37x29.rgb", source.tobytes())
    for w, h in ((16, 11), (45, 33), (37, 13), (64, 29), (1, 1), (3, 80), (35, 20), (40, 12)):
        put(f"pillow_{w}x{h}.rgb", np.array(Image.fromarray(source).resize((w, h))).tobytes())
    chw = torch.from_numpy(source).permute(2, 0, 1).float().div(255)[None]
    mean, deviation = (torch.tensor(v)[None, :, None, None] for v in (MEAN, DEVIATION))
    for w, h in ((16, 11), (45, 33), (37, 13), (1, 1)):
        out = torch.nn.functional.interpolate(chw, (h, w), mode="bilinear", antialias=True)
        put(f"torch_{w}x{h}.f32", ((out - mean) / deviation)[0].permute(1, 2, 0).numpy().tobytes())
    plane = np.random.default_rng(9).normal(0, 8, (12, 10)).astype(np.float32)
    put("plane_10x12.f32", plane.tobytes())
    for w, h in ((97, 40), (7, 130), (10, 131), (150, 2)):
        out = torch.nn.functional.interpolate(torch.from_numpy(plane)[None, None], (h, w), mode="bilinear")
        put(f"bilinear_{w}x{h}.f32", out.numpy().tobytes())


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    make_pngs()
    make_jpegs()
    make_webps()
    make_resized()
    print(sum(p.stat().st_size for p in FOLDER.iterdir()), "bytes in", len(list(FOLDER.iterdir())), "files", file=sys.stderr)
