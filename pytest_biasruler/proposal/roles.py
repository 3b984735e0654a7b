"""What a set of masks seems to be, told by the words in the names of its folders and files."""

from __future__ import annotations

import re
from enum import StrEnum

from pytest_biasruler.benchmark.templates import parts_of
from pytest_biasruler.proposal.folder import stem_of
from pytest_biasruler.proposal.words import word_set, words_of


class Role(StrEnum):
    """What a name says about masks; `MASKS` are some people's or some machine's, unsaid whose."""

    EXPERT = "expert"
    AUTOMATED = "automated"
    MODEL = "model"
    IMAGE = "image"
    MASKS = "masks"
    UNKNOWN = "unknown"


_EXPERT = word_set(
    "expert experts manual gt groundtruth gold reader readers rater raters radiologist"
    " radiologists physician physicians annotator annotators observer observers human humans"
    " consensus clinician clinicians"
)
_DATASET = word_set("labelstr labelsts")  # experts', unless a name says more
_AUTOMATED = word_set("auto automatic automated pseudo pseudolabel pseudolabels machine silver ai")
_MODEL = word_set(
    "prediction predictions pred preds predicted model models inference submission submissions"
)
_OUTPUT = word_set("output outputs result results")
_NETWORK = word_set(
    "unet nnunet vnet segresnet unetr swinunetr swin medsam sam deeplab transunet attentionunet"
    " totalsegmentator fold ensemble"
)
_MASKS = word_set(
    "label labels mask masks seg segs segmentation segmentations annotation annotations target"
    " targets truth roi rois lesion contour contours"
)
_IMAGE = word_set(
    "image images imagestr imagests imagesval img imgs scan scans raw dicom intensity"
)
_MODALITY = word_set("ct mr mri pet volume volumes flair dce bold dwi adc xray")
_SEQUENCE = re.compile(r"(?<![a-z0-9])(?:t[12](?:w|c|ce|gd)?|pdw?)(?![a-z0-9])")
_CHANNEL = re.compile(r"_\d{4}\Z")  # nnU-Net counts the channels of an image behind its case


def tell_role(template: str) -> Role:
    """Return what the names in a template say, the nearest to the mask first.

    A folder of predictions is one of a model whatever stands below it: ``predictions/by_expert``
    was trained on expert masks, and was not drawn by them.

    Examples
    --------
    >>> names = ("labelsTr", "seg/automatic", "predictions/by_expert", "nnunet-labels", "imagesTr")
    >>> [tell_role(f"{name}/{{case}}.nii.gz").value for name in names]
    ['expert', 'automated', 'model', 'automated', 'image']
    >>> [tell_role(f"{name}/{{case}}.nii.gz").value for name in ("masks", "lungs", "unet")]
    ['masks', 'unknown', 'model']
    """
    if _CHANNEL.search(stem_of(template)):
        return Role.IMAGE
    parts = [words_of(part) for part in reversed(_parts(template))]
    words = frozenset().union(*parts)
    told = [role for role in map(role_of_words, parts) if role != Role.UNKNOWN]
    if role_of_words(parts[0]) == Role.IMAGE:  # masks may be called scan_001, after their images
        told.remove(Role.IMAGE)
    if told and told[0] == Role.IMAGE:
        return Role.IMAGE
    if words & _MODEL:
        return Role.MODEL
    drawn = [role for role in told if role in (Role.EXPERT, Role.AUTOMATED)]
    if drawn:
        return drawn[0]
    if words & (_NETWORK | _OUTPUT):
        return Role.MODEL
    if told:
        return Role.MASKS
    is_image = words & (_IMAGE | _MODALITY) or _SEQUENCE.search(template.lower())
    return Role.IMAGE if is_image else Role.UNKNOWN


def role_of_words(words: frozenset[str]) -> Role:
    """Return what the words of one name say."""
    is_expert, is_automated = bool(words & _EXPERT), bool(words & _AUTOMATED)
    if is_expert and is_automated:
        return Role.MASKS
    if is_expert or (words & _DATASET and not is_automated):
        return Role.EXPERT
    if is_automated or (words & _NETWORK and words & _MASKS):
        return Role.AUTOMATED
    if words & _MASKS:
        return Role.MASKS
    return Role.IMAGE if words & _IMAGE else Role.UNKNOWN


def is_of_network(template: str) -> bool:
    """Return whether masks lie under the name of a network, and nothing says that they predict.

    Beside predictions they are the masks that the network drew as labels.

    Examples
    --------
    >>> names = ("masks/nnunet", "predictions/nnunet", "nnunet")
    >>> [is_of_network(f"{name}/{{case}}.nii.gz") for name in names]
    [True, False, False]
    """
    words = frozenset().union(*map(words_of, _parts(template)))
    return bool(words & _NETWORK and words & _MASKS and not words & (_MODEL | _OUTPUT))


def tell_training(template: str) -> Role:
    """Return by whose masks a model was trained, as far as its own name says it.

    Examples
    --------
    >>> names = ("by_expert", "unet_auto", "unet")
    >>> [tell_training(f"predictions/{name}/{{case}}.nii.gz").value for name in names]
    ['expert', 'automated', 'unknown']
    """
    words = frozenset().union(*map(words_of, _parts(template)))
    told = [
        role for role, its in ((Role.EXPERT, _EXPERT), (Role.AUTOMATED, _AUTOMATED)) if words & its
    ]
    return told[0] if len(told) == 1 else Role.UNKNOWN


def says_masks_alone(name: str) -> bool:
    """Return whether a name says no more than that masks or predictions are there.

    Examples
    --------
    >>> says_masks_alone("masks"), says_masks_alone("pred_seg"), says_masks_alone("unet_seg")
    (True, True, False)
    """
    return words_of(name) <= _MASKS | _MODEL | _OUTPUT


def _parts(template: str) -> list[str]:
    """Return the names in a template, what is filled in left out, and the folder first."""
    *folders, file = stem_of(template).split("/")
    return [" ".join(text for text, _ in parts_of(part)) for part in (*folders, file)]
