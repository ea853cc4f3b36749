"""What the backbones of transformers have in common: one of a folder or a config, shapes before weights, a fingerprint of both."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from vsslfw.digest import digest_of
from vsslfw.errors import Problem, UserError, did_you_mean
from vsslfw.interfaces import Backbone, BackboneSpec
from vsslfw.weights import WHERE, seeded
from vsslfw_hf_video.folder import CONFIG, find_folder, load_model, normalisation, read_json

RANDOM_SEED = 20220323
"""Seed of the weights of ``weights=None``."""


class Architecture(NamedTuple):
    """Names of transformers' classes, what of a config changes features without showing in the weights, and what a file may lack."""

    config: str
    model: str
    decides: tuple[str, ...]
    """All of these go into the fingerprint. The others are shapes, which weights show, or matter in training alone."""
    needless: str = r"^$"
    """Names of tensors that no feature depends on."""
    together: frozenset[str] = frozenset()
    """Tensors that a file may lack if it lacks them all."""
    attention: str = "sdpa"
    """How attention is computed; transformers wants "eager" for a model that has none."""


class Pretrained(Backbone):
    """A frozen model of transformers. Subclasses say which architectures there are, and what their shapes and features are."""

    architectures: ClassVar[dict[str, Architecture]]
    """By the ``model_type`` of config.json; the first is the one of a ``config`` that does not say."""
    example: ClassVar[str]
    """Published weights that fit: named in messages, never looked up."""

    @classmethod
    def spec(cls, **parameters: Any) -> BackboneSpec:
        """The shapes, from config.json or ``config`` alone: no weights are read. ValueError or UserError as when it is built."""
        _, config = cls._origin(parameters.get("weights"), parameters.get("config"))
        sizes = {name: parameters.get(name) for name in ("frame_size", "clip_length", "clip_stride")}
        return cls._shapes(config, sizes)

    @classmethod
    def _shapes(cls, config: Any, sizes: dict[str, int | None]) -> BackboneSpec:
        """The shapes under the parameters in ``sizes``. ValueError for what the architecture cannot do."""
        raise NotImplementedError

    def _take(self, model: Any) -> None:
        """Keep what features are made with, and nothing else."""
        raise NotImplementedError

    def _build(self, weights: str | None, config: dict[str, Any] | None, **sizes: int | None) -> None:
        folder, settings = self._origin(weights, config)
        spec = self._shapes(settings, sizes)
        self.feature_dim, self.frame_size = spec.feature_dim, spec.frame_size
        self.clip_length, self.clip_stride = spec.clip_length, spec.clip_stride
        self._adapt(settings)
        self._architecture = self.architectures[settings.model_type]
        self._decided = {name: getattr(settings, name) for name in self._architecture.decides}
        self._take(self._model(folder, settings))
        self.freeze()

    def _adapt(self, config: Any) -> None:
        """Tell the config of sizes that parameters changed."""

    def _model(self, folder: Path | None, config: Any) -> Any:
        import transformers

        kind = self._architecture
        cls = getattr(transformers, kind.model)
        if folder is not None:
            self.mean, self.std = normalisation(folder, self.mean, self.std)
            return load_model(cls, folder, config, needless=kind.needless, together=kind.together)
        with seeded(RANDOM_SEED):
            return cls(config).eval()

    def fingerprint(self) -> str:
        """Digest of the weights, of what the config decides beside them, and of the normalisation that the folder asks for."""
        beside = [self._architecture.model, self._decided, self.mean, self.std, self.frame_size, self.clip_length]
        return hashlib.sha256(f"{super().fingerprint()}{digest_of(beside)}".encode()).hexdigest()

    @classmethod
    def _origin(cls, weights: str | None, config: dict[str, Any] | None) -> tuple[Path | None, Any]:
        """The folder, or none for random weights, and the config as transformers' class. Exactly one of the two says which."""
        if weights is None and config is None:
            raise ValueError("weights and config are None; name a folder as weights, or give config=dict(...) for random weights")
        if weights is not None and config is not None:
            raise ValueError("config is given beside weights; it must be None, as the folder has a config.json of its own")
        if weights is None:
            return None, cls._made(dict(config or {}))
        folder = find_folder(weights, cls.example)
        values = read_json(folder / CONFIG)
        found = values.get("model_type")
        if found not in cls.architectures:
            what = f"folder {folder} holds a model of type {found!r}; expected {_either(cls.architectures)}"
            raise UserError(Problem(what, WHERE))
        try:
            return folder, cls._config_class(found).from_dict({**values, "attn_implementation": cls.architectures[found].attention})
        except Exception as error:  # a type of huggingface_hub, or what a config class itself raises
            raise UserError(Problem(f"{folder / CONFIG} is refused: {_reason(error)}", WHERE)) from error

    @classmethod
    def _made(cls, values: dict[str, Any]) -> Any:
        """transformers' config from a dict. ValueError for names that it does not know, which transformers itself would keep."""
        kind = values.pop("model_type", next(iter(cls.architectures)))
        if kind not in cls.architectures:
            raise ValueError(f"config has the model_type {kind!r}; it must be {_either(cls.architectures)}")
        config = cls._config_class(kind)
        known = [name for name in config.__annotations__ if not name.startswith("_") and name != "model_type"]
        for name in values:
            if name not in known:
                raise ValueError(f"config has no {name!r}; {did_you_mean(name, known)}")
        try:
            return config(**values, attn_implementation=cls.architectures[kind].attention)
        except Exception as error:
            raise ValueError(f"config is refused: {_reason(error)}") from error

    @classmethod
    def _config_class(cls, model_type: str) -> Any:
        import transformers

        return getattr(transformers, cls.architectures[model_type].config)


def _either(names: Any) -> str:
    return " or ".join(f'"{name}"' for name in names)


def _reason(error: Exception) -> str:
    """The last line of a message: the first ones of the config's checker only say where it happened."""
    return ([line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__])[-1]
