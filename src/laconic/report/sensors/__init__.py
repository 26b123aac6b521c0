"""Dictionaries of several modalities in pictures: linked atoms, who uses them, samples with intervals, and noises."""

from laconic.report.sensors.atoms import plot_linked_atoms
from laconic.report.sensors.course import plot_missing, plot_noise, plot_sensor_accuracy
from laconic.report.sensors.records import Accuracy, Sample, Sensor, SensorsSummary
from laconic.report.sensors.samples import plot_reconstructed_images, plot_reconstructions
from laconic.report.sensors.section import sensors_section
from laconic.report.sensors.tally import Tally, read_sensors, sample_of, summed_up
from laconic.report.sensors.use import plot_sensor_codes, plot_use

__all__ = [
    "Accuracy",
    "Sample",
    "Sensor",
    "SensorsSummary",
    "Tally",
    "plot_linked_atoms",
    "plot_missing",
    "plot_noise",
    "plot_reconstructed_images",
    "plot_reconstructions",
    "plot_sensor_accuracy",
    "plot_sensor_codes",
    "plot_use",
    "read_sensors",
    "sample_of",
    "sensors_section",
    "summed_up",
]
