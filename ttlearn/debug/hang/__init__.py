"""Why a device hangs: stops, who could help them, and the root."""
