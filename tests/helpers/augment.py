"""Settings of the augmentation under which every part of it does something."""

AUGMENT = {
    "flip": 0.5,
    "scale": [0.8, 1.2],
    "rotate": 5,
    "shift": 0.1,
    "brightness": 0.1,
    "contrast": 0.1,
    "saturation": 0.1,
    "hue": 10,
    "noise": 0.02,
    "blur": 2.0,
    "jpeg": [50, 95],
    "jpeg_p": 0.5,
}
