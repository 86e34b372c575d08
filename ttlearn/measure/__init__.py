"""Where the time of a run goes: shares, the one bottleneck, and a trace for ui.perfetto.dev."""
