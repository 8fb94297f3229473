namespace DPT.Engine.Kernels;

/// <summary>Batch and group normalisation in double precision: the definitions, twice over the numbers of a group.</summary>
internal static class ChannelNormReference
{
    public static void Statistics(ChannelNormShape shape, double[] x, double[] mean, double[] variance)
    {
        // The mean of equal numbers is that number.
        var origins = new double[shape.Statistics];
        Array.Clear(variance);
        ForEach(shape, (at, statistic, _) => (mean[statistic], origins[statistic]) = (x[at], x[at]));
        ForEach(shape, (at, statistic, _) => mean[statistic] += (x[at] - origins[statistic]) / shape.Terms);
        ForEach(shape, (at, statistic, _) =>
            variance[statistic] += (x[at] - mean[statistic]) * (x[at] - mean[statistic]) / shape.Terms);
    }

    public static void Forward(
        ChannelNormShape shape, double epsilon, Func<double, double> activation,
        double[] x, double[] gamma, double[] beta, double[] mean, double[] variance, double[] y) =>
        ForEach(shape, (at, statistic, channel) => y[at] = activation(
            ((x[at] - mean[statistic]) / Math.Sqrt(variance[statistic] + epsilon) * gamma[channel]) + beta[channel]));

    public static void Backward(
        ChannelNormShape shape, double epsilon, Func<double, double> slope, bool hasFixedStatistics, bool accumulate,
        double[] x, double[] gamma, double[] beta, double[] mean, double[] variance, double[] dy,
        double[] dx, double[] dgamma, double[] dbeta)
    {
        var sums = new double[shape.Statistics];
        var products = new double[shape.Statistics];
        ForEach(shape, (at, statistic, channel) =>
        {
            var (normal, dv) = At(at, statistic, channel);
            sums[statistic] += dv * gamma[channel];
            products[statistic] += dv * gamma[channel] * normal;
            dgamma[channel] += dv * normal;
            dbeta[channel] += dv;
        });
        ForEach(shape, (at, statistic, channel) =>
        {
            var (normal, dv) = At(at, statistic, channel);
            var rest = hasFixedStatistics ? 0 : (sums[statistic] + (normal * products[statistic])) / shape.Terms;
            var value = ((dv * gamma[channel]) - rest) / Math.Sqrt(variance[statistic] + epsilon);
            dx[at] = (accumulate ? dx[at] : 0) + value;
        });

        (double Normal, double Dv) At(int at, int statistic, int channel)
        {
            var normal = (x[at] - mean[statistic]) / Math.Sqrt(variance[statistic] + epsilon);
            return (normal, dy[at] * slope((normal * gamma[channel]) + beta[channel]));
        }
    }

    /// <summary>Leaky ReLU.</summary>
    public static double LeakyRelu(double v, double bend) => v > 0 ? v : bend * v;

    /// <summary>Its slope.</summary>
    public static double LeakyReluSlope(double v, double bend) => v > 0 ? 1 : bend;

    private static void ForEach(ChannelNormShape shape, Action<int, int, int> visit)
    {
        for (var at = 0; at < shape.Elements; at++)
        {
            var (channel, image) = (at % shape.Channels, at / (shape.Channels * shape.Pixels));
            visit(at, (image * shape.Groups) + (channel / shape.GroupSize), channel);
        }
    }
}
