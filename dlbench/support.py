"""What an image can do: which one serves a cell best, and why one cannot."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from dlbench.errors import UnknownNameError, nearest
from dlbench.framework import Difference, Framework, Image, Refusal
from dlbench.scenario import Layer, Scenario


def version_key(version: str) -> tuple[tuple[int, int], ...]:
    """Return a key that sorts versions: by their numbers, a pre-release before its release.

    A build of a release (``1.15.0+intel``) comes after it.
    """
    words = re.findall(r"\d+|[a-z]+|\+", version.lower())
    parts = []
    for word in words:
        if word.isdigit():
            parts.append((2, int(word)))
        else:
            parts.append((1 if word.startswith(("post", "+")) else -1, ord(word[0])))
    return (*parts, (0, 0))


def matching_images(framework: Framework, version: str | None) -> tuple[Image, ...]:
    """Return the images of a version or with an id, all where none is asked for.

    Raises UnknownNameError.
    """
    if version is None:
        return framework.images
    found = tuple(image for image in framework.images if version in {image.version, image.id})
    if not found:
        known = [image.version for image in framework.images]
        raise UnknownNameError(
            f"{framework.name} has no version {version!r}", nearest(version, known)
        )
    return found


def newest_first(images: tuple[Image, ...]) -> list[Image]:
    """Sort images: newer stacks first, then newer versions; equal ones stay in their order."""
    return sorted(
        images,
        key=lambda image: (version_key(image.stack), version_key(image.version)),
        reverse=True,
    )


def serves(framework: Framework, image: Image, axis: str, value: str) -> bool:
    """Return whether an image serves an axis value that some image may have to itself."""
    if axis in image.axes:
        return image.axes[axis] == value
    return all(other.axes.get(axis) != value for other in framework.images)


def refusal(
    framework: Framework,
    image: Image,
    device: str,
    variant: Mapping[str, str],
    scenario: Scenario,
) -> str:
    """Return why ``scenario`` cannot run so, or nothing if it can."""
    return next(_reasons(framework, image, device, variant, scenario), "")


def _reasons(
    framework: Framework,
    image: Image,
    device: str,
    variant: Mapping[str, str],
    scenario: Scenario,
) -> Iterator[str]:
    if device not in image.devices:
        has = ", ".join(image.devices)
        yield f"image {image.id} does not exist for {device} (it does for {has})"
    yield from _missing_words(framework, scenario)
    layers = list(every_layer(scenario.network))
    for rule in framework.supports.refusals:
        if _holds(rule, image, device, variant, layers):
            yield rule.reason
    for axis, value in variant.items():
        if not serves(framework, image, axis, value):
            yield f"image {image.id} does not serve {axis}={value}"


def _missing_words(framework: Framework, scenario: Scenario) -> Iterator[str]:
    """Yield what the scenario is written in and the framework does not have."""
    supports, name = framework.supports, framework.name
    for layer in every_layer(scenario.network):
        if layer.kind not in supports.layers:
            yield f"{name} has no layer {layer.kind!r} ({layer.name})"
    if scenario.loss.kind not in supports.losses:
        yield f"{name} has no loss {scenario.loss.kind!r}"
    if scenario.optimizer and scenario.optimizer.kind not in supports.optimizers:
        yield f"{name} has no optimizer {scenario.optimizer.kind!r}"


def every_layer(layers: tuple[Layer, ...]) -> Iterator[Layer]:
    """Yield layers and those inside them."""
    for layer in layers:
        yield layer
        yield from every_layer(layer.layers)


def applies(
    rule: Refusal | Difference, image_id: str, device: str, variant: Mapping[str, str]
) -> bool:
    """Return whether image, device and axes are those that ``rule`` names."""
    if rule.images and image_id not in rule.images:
        return False
    if rule.devices and device not in rule.devices:
        return False
    return all(variant.get(axis) in values for axis, values in rule.axes.items())


def _holds(
    rule: Refusal, image: Image, device: str, variant: Mapping[str, str], layers: list[Layer]
) -> bool:
    """Return whether every condition that ``rule`` gives holds."""
    if not applies(rule, image.id, device, variant):
        return False
    if not (rule.layers or rule.parameters):
        return True
    return any(
        (not rule.layers or layer.kind in rule.layers) and _narrowed(rule, layer)
        for layer in layers
    )


def _narrowed(rule: Refusal, layer: Layer) -> bool:
    """Return whether a layer's parameters have the values that ``rule`` names."""
    return all(
        any(_plain(layer.parameters.get(name)) == _plain(value) for value in values)
        for name, values in rule.parameters.items()
    )


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
