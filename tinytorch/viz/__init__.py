"""Pictures of what students build, from plain numbers and arrays.

`lines`, `bars`, `images`, `matrix`, `surface`, `memory_layout` and `broadcast` give a `Picture`, shown when a cell ends
in it.
`LossCurve` is live during training; `ConfusionMatrix`, `GraphView`, `OptimizerPath`, `NextToken`, `Tokens`,
`TokensByMerges`, `PointsOverTime`, `SlidingKernel`, `FeatureMaps`, `AttentionMap`, `NumberLine`, `PruningMask`,
`WeightHistogram`, `RepeatedWork`, `Timeline`, `WindowMatrix`, `EvidenceByRuns`, `GradientWalk` and `DecisionBoundary`
answer one question each.

Promises: takes arrays and numbers, never a Tensor, so a student's broken Tensor still gets a picture or a clear error;
numbers and drawing are apart, so the numbers can be used and tested without a picture; every view is a PNG where no
widget can be shown. Needs matplotlib and ipywidgets (`pip install tinytorch[viz]`), only once something is used.

`Prediction` draws nothing: it asks a question, and opens the answer once somebody predicted it.
"""

import importlib

_HOME = {
    "Picture": "picture",
    "bars": "charts",
    "lines": "charts",
    "images": "charts",
    "matrix": "charts",
    "surface": "charts",
    "broadcast": "array_pictures",
    "memory_layout": "array_pictures",
    "matmul": "operation_pictures",
    "reduction": "operation_pictures",
    "steps": "operation_pictures",
    "slopes": "function_pictures",
    "plane": "plane_pictures",
    "LossHistory": "loss_history",
    "LossCurve": "loss_curve",
    "ConfusionMatrix": "confusion_matrix",
    "GraphView": "graph_view",
    "GradientWalk": "gradient_walk",
    "DecisionBoundary": "decision_boundary",
    "OptimizerPath": "optimizer_path",
    "NextToken": "next_token",
    "Tokens": "token_pictures",
    "TokensByMerges": "tokens_by_merges",
    "PointsOverTime": "points_over_time",
    "SlidingKernel": "sliding_kernel",
    "FeatureMaps": "feature_maps",
    "AttentionMap": "attention_map",
    "NumberLine": "number_line",
    "PruningMask": "pruning_mask",
    "WeightHistogram": "weight_histogram",
    "RepeatedWork": "repeated_work",
    "Timeline": "call_timeline",
    "WindowMatrix": "window_matrix",
    "roofline": "rooflines",
    "runs": "benchmark_pictures",
    "trade_off": "benchmark_pictures",
    "EvidenceByRuns": "evidence_by_runs",
    "waterfall": "waterfalls",
    "Prediction": "prediction",
}
__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"tinytorch.viz has no {name!r}; it has {', '.join(__all__)}")
    try:
        return getattr(importlib.import_module(f"tinytorch.viz.{_HOME[name]}"), name)
    except ModuleNotFoundError as missing:
        if missing.name and missing.name.startswith("tinytorch"):
            raise
        raise ImportError(f"tinytorch.viz.{name} needs {missing.name}: pip install 'tinytorch[viz]'") from missing


def __dir__() -> list[str]:
    return __all__
