namespace DPT.Engine.Dpt;

/// <summary>What the parts of a run cost, in seconds on a machine or in operations, for the networks and batches of one set of options.</summary>
/// <param name="Stage1">One update of stage 1.</param>
/// <param name="Generator">One update of the generator.</param>
/// <param name="Draw">One evaluation of the generator for one pseudo-image, guided if the options say so.</param>
/// <param name="Stage3">One update of stage 3, or of its control.</param>
/// <param name="Classify">The classifier's answer for one image.</param>
internal sealed record StepRates(double Stage1, double Generator, double Draw, double Stage3, double Classify);
