namespace DPT.Engine.Kernels;

/// <summary>Layer normalisation in double precision: the definition, twice through each row.</summary>
internal static class LayerNormReference
{
    public static void Forward(
        int rows, int width, int stride, double epsilon,
        double[] x, double[] gamma, double[] beta, double[] y, double[] mean, double[] inverse)
    {
        for (var r = 0; r < rows; r++)
        {
            var row = x.AsSpan(r * stride, width);
            var m = 0.0;
            foreach (var value in row)
            {
                m += value;
            }

            m /= width;

            var variance = 0.0;
            foreach (var value in row)
            {
                variance += (value - m) * (value - m) / width;
            }

            mean[r] = m;
            inverse[r] = 1 / Math.Sqrt(variance + epsilon);
            for (var i = 0; i < width; i++)
            {
                y[(r * width) + i] = ((row[i] - m) * inverse[r] * gamma[i]) + beta[i];
            }
        }
    }

    public static void Backward(
        int rows, int width, int stride,
        double[] x, double[] gamma, double[] mean, double[] inverse, double[] dy,
        bool accumulate, double[] dx, double[] dgamma, double[] dbeta)
    {
        for (var r = 0; r < rows; r++)
        {
            double sum = 0, dot = 0;
            for (var i = 0; i < width; i++)
            {
                var normal = (x[(r * stride) + i] - mean[r]) * inverse[r];
                var g = dy[(r * width) + i] * gamma[i];
                sum += g;
                dot += g * normal;
                dgamma[i] += dy[(r * width) + i] * normal;
                dbeta[i] += dy[(r * width) + i];
            }

            for (var i = 0; i < width; i++)
            {
                var normal = (x[(r * stride) + i] - mean[r]) * inverse[r];
                var value = inverse[r] * ((dy[(r * width) + i] * gamma[i]) - (sum / width) - (normal * dot / width));
                dx[(r * stride) + i] = (accumulate ? dx[(r * stride) + i] : 0) + value;
            }
        }
    }
}
