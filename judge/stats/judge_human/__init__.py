"""Statistics that compare a judge with people: human ceiling, non-inferiority, bias, calibration."""
