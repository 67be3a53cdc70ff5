"""The losses that the training of nano minimises."""

import torch
import torch.nn.functional as F


def loss_of(logits, iou_guess, object_logit, truth):
    """Loss of mask candidates [B, M, h, w] against truth bool [B, S, S].

    Weighted cross-entropy and dice on the best candidate, a little on all, the error of the
    guessed IoU, and presence. Also returns the best candidate's IoU [B] and presence [B].
    """
    target = F.adaptive_avg_pool2d(truth[:, None].float(), logits.shape[-2:]).expand_as(logits)
    share = target.mean((-1, -2), keepdim=True).clamp(min=0.01)
    weight = 1 + target * ((0.25 / share).clamp(1, 10) - 1)
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    entropy = (weight * entropy).mean((-1, -2))
    p = logits.sigmoid()
    overlap, total = (p * target).sum((-1, -2)), p.sum((-1, -2)) + target.sum((-1, -2))
    segmentation = entropy + (1 - (2 * overlap + 1) / (total + 1))

    iou = iou_of(logits, target)
    best = segmentation.detach().argmin(1, keepdim=True)
    present = truth.flatten(1).any(1).float()
    each = segmentation.gather(1, best)[:, 0] + 0.05 * segmentation.mean(1)
    each = (each + (iou_guess - iou).abs().mean(1)) * present
    presence = F.binary_cross_entropy_with_logits(object_logit[:, 0], present)
    loss = each.sum() / present.sum().clamp(min=1) + presence
    return loss, iou.gather(1, best)[:, 0], present


@torch.no_grad()
def iou_of(logits, target):
    """IoU [B, M] of thresholded logits and targets [B, M, h, w]."""
    a, b = logits > 0, target > 0.5
    return ((a & b).sum((-1, -2)) + 1e-6) / ((a | b).sum((-1, -2)) + 1e-6)
