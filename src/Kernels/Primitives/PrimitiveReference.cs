namespace DPT.Engine.Kernels;

/// <summary>The primitives in double precision.</summary>
internal static class PrimitiveReference
{
    public static void Map(MapFunction function, double factor, double offset, double[] a, double[]? b, double[] y)
    {
        for (var i = 0; i < y.Length; i++)
        {
            y[i] = function switch
            {
                MapFunction.Add => a[i] + b![i],
                MapFunction.Multiply => a[i] * b![i],
                MapFunction.Divide => a[i] / b![i],
                MapFunction.Equal => a[i] == b![i] ? 1 : 0,
                MapFunction.Affine => (factor * a[i]) + offset,
                MapFunction.Exp => Math.Exp(a[i]),
                MapFunction.Log => Math.Log(a[i]),
                _ => Math.Sqrt(a[i]),
            };
        }
    }

    public static void AxisReduce(int outer, int length, int inner, AxisReduction reduction, double[] x, double[] y)
    {
        for (var i = 0; i < outer * inner; i++)
        {
            var along = Enumerable.Range(0, length).Select(k => x[(((i / inner * length) + k) * inner) + (i % inner)]);
            y[i] = reduction == AxisReduction.Sum ? along.Sum() : along.Aggregate(Math.Max);
        }
    }

    public static void StridedCopy(Axes4 sizes, Axes4 stridesX, Axes4 stridesY, double[] x, double[] y)
    {
        for (var i0 = 0; i0 < sizes.A0; i0++)
        {
            for (var i1 = 0; i1 < sizes.A1; i1++)
            {
                for (var i2 = 0; i2 < sizes.A2; i2++)
                {
                    for (var i3 = 0; i3 < sizes.A3; i3++)
                    {
                        long At(Axes4 s) => (i0 * s.A0) + (i1 * s.A1) + (i2 * s.A2) + (i3 * s.A3);
                        y[At(stridesY)] = x[At(stridesX)];
                    }
                }
            }
        }
    }

    public static void RowsGather(int rows, int width, double[] table, double[] indices, double[] y)
    {
        for (var i = 0; i < rows * width; i++)
        {
            y[i] = table[((int)indices[i / width] * width) + (i % width)];
        }
    }

    public static void RowsScatter(int rows, int width, double[] x, double[] indices, double[] table)
    {
        for (var i = 0; i < rows * width; i++)
        {
            table[((int)indices[i / width] * width) + (i % width)] += x[i];
        }
    }
}
