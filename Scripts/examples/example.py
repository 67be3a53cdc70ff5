"""Segments a picture and tracks through frames, from Python.

    python example.py segment MODEL PICTURE X0,Y0,X1,Y1 OUTPUT.pgm
    python example.py auto MODEL PICTURE FOLDER [OPTION=VALUE...]
    python example.py track MODEL FRAMES FOLDER OBJECT,X,Y...

Masks are PGM files (255 inside); `segment` and `auto` print scores as JSON.
"""

import json
import os
import sys

import sam2


def save(mask, path):
    height, width = mask.shape
    with open(path, "wb") as file:
        file.write(b"P5\n%d %d\n255\n" % (width, height))
        file.write(bytes(mask.tobytes()).replace(b"\1", b"\xff"))


def segment(model, picture, box, output):
    predictor = sam2.Predictor(sam2.Model(model))
    predictor.set_image(sam2.read(picture).pixels)
    result = predictor.predict(box=[float(number) for number in box.split(",")], multimask=0)
    save(result.mask(0), output)
    # A second answer, to the first one's logits.
    again = predictor.predict(logits=result.low_resolution_logits(0), multimask=0)
    print(json.dumps([result.info(0).predicted_iou, again.info(0).predicted_iou]))


def auto(model, picture, folder, *settings):
    options = {}
    for setting in settings:
        name, value = setting.split("=")
        options[name] = float(value) if "." in value else int(value)
    masks = sam2.Model(model).generate(sam2.read(picture), **options)
    found = []
    for index in range(len(masks)):
        info = masks.info(index)
        save(masks.mask(index), f"{folder}/{index}.pgm")
        found.append({"box": list(info.box), "area": info.area,
                      "predicted_iou": info.predicted_iou,
                      "stability_score": info.stability_score})
    print(json.dumps(found))


def track(model, frames, folder, *clicks):
    model, tracker = sam2.Model(model), None
    for name in sorted(os.listdir(frames)):
        picture = sam2.read(os.path.join(frames, name))
        if tracker is None:
            tracker = sam2.Tracker(model, picture.width, picture.height)
            result = tracker.push(picture)
            for click in clicks:
                number, x, y = click.split(",")
                result = tracker.add(int(number), points=[(float(x), float(y), 1)])
        else:
            result = tracker.push(picture.pixels)
        for index in range(len(result)):
            number = result.info(index).object
            save(result.mask(index), f"{folder}/{os.path.splitext(name)[0]}_{number}.pgm")


if __name__ == "__main__":
    jobs = {"segment": segment, "auto": auto, "track": track}
    if len(sys.argv) < 2 or sys.argv[1] not in jobs:
        sys.exit(__doc__)
    try:
        jobs[sys.argv[1]](*sys.argv[2:])
    except sam2.Failure as failure:
        print(f"error: {failure} [{failure.code}]", file=sys.stderr)
        sys.exit(failure.status)
