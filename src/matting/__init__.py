"""Portrait matting experiments: POMAGAN and AlphaNet as Lightning stages, composed by Hydra."""

__version__ = "0.1.0"
