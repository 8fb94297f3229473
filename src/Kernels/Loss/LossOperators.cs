namespace DPT.Engine.Kernels;

/// <summary>Losses with their gradients, and softmax: variants, best first, and the cases that prove them.</summary>
public static class LossOperators
{
    /// <summary>Softmax cross-entropy and its gradient.</summary>
    public static Operator<CrossEntropyCall> CrossEntropy { get; } =
        new("crossentropy", CrossEntropyCases, new CrossEntropyHostV1Simd(), new CrossEntropyV1Warp());

    /// <summary>Softmax over rows.</summary>
    public static Operator<SoftmaxCall> Softmax { get; } =
        new("softmax", SoftmaxCases, new SoftmaxHostV1Simd(), new SoftmaxV1Warp());

    /// <summary>Mean squared error per sample and its gradient.</summary>
    public static Operator<SquaredErrorCall> SquaredError { get; } =
        new("squarederror", SquaredErrorCases, new SquaredErrorHostV1Simd(), new SquaredErrorV1Block());

    private static IEnumerable<KernelCase> CrossEntropyCases()
    {
        foreach (var (rows, classes) in CaseSizes.Matrices)
        {
            yield return CrossEntropyCase(rows, classes, soft: false, weighted: true, gradient: true);
            yield return CrossEntropyCase(rows, classes, soft: true, weighted: true, gradient: true);
        }

        yield return CrossEntropyCase(
            9, 10, soft: true, weighted: true, gradient: true, targets: FillPattern.Positive);
        foreach (var soft in new[] { false, true })
        {
            yield return CrossEntropyCase(9, 10, soft, weighted: false, gradient: false);
            yield return CrossEntropyCase(9, 10, soft, weighted: true, gradient: false);
            yield return CrossEntropyCase(9, 10, soft, weighted: false, gradient: true);
            yield return CrossEntropyCase(2000, 10, soft, weighted: false, gradient: true);
            yield return CrossEntropyCase(3, 5003, soft, weighted: false, gradient: true);
            yield return CrossEntropyCase(37, 10, soft, weighted: true, gradient: true, FillPattern.Large);
            yield return CrossEntropyCase(9, 10, soft, weighted: false, gradient: true, FillPattern.Constant);
            yield return CrossEntropyCase(9, 10, soft, weighted: false, gradient: true, FillPattern.Tiny);
        }
    }

    private static KernelCase<CrossEntropyCall> CrossEntropyCase(
        int rows, int classes, bool soft, bool weighted, bool gradient, FillPattern fill = FillPattern.Normal,
        FillPattern targets = FillPattern.Distribution)
    {
        const float Scale = 0.37f;
        var operands = new List<Operand>
        {
            Operand.In("logits", rows * classes, fill),
            soft
                ? Operand.In("targets", rows * classes, targets, classes)
                : Operand.InInt("labels", rows, classes),
            Operand.Out("losses", rows, classes),
        };
        AddOptional(operands, weighted, gradient, rows, Operand.Out("gradient", rows * classes, classes));
        return new(
            $"rows={rows} classes={classes} {fill} {(soft ? $"soft {targets}" : "hard")}{Extras(weighted, gradient)}",
            operands,
            m => new CrossEntropyCall
            {
                Rows = rows,
                Classes = classes,
                Logits = m["logits"],
                Labels = soft ? default : m.Int("labels"),
                Targets = soft ? m["targets"] : default,
                RowWeights = weighted ? m["weights"] : default,
                Scale = Scale,
                Losses = m["losses"],
                LogitsGradient = gradient ? m["gradient"] : default,
            },
            v => LossReference.CrossEntropy(
                rows, classes, Scale, v["logits"], soft ? v["targets"] : LossReference.OneHot(v["labels"], classes),
                weighted ? v["weights"] : null, v["losses"], gradient ? v["gradient"] : null))
        {
            Derive = v => MaskSome(weighted ? v["weights"] : []),
        };
    }

    private static IEnumerable<KernelCase> SoftmaxCases()
    {
        foreach (var (rows, classes) in CaseSizes.Matrices)
        {
            yield return SoftmaxCase(rows, classes);
        }

        yield return SoftmaxCase(2000, 10);
        yield return SoftmaxCase(3, 5003);
        yield return SoftmaxCase(37, 10, FillPattern.Large);
        yield return SoftmaxCase(9, 10, FillPattern.Constant);
        yield return SoftmaxCase(9, 10, FillPattern.Tiny);
        yield return new KernelCase<SoftmaxCall>(
            "rows=5 classes=19 in place",
            [Operand.Update("logits", 5 * 19, 19)],
            m => new SoftmaxCall { Rows = 5, Classes = 19, Logits = m["logits"], Probabilities = m["logits"] },
            v => LossReference.Softmax(5, 19, v["logits"], v["logits"]));
    }

    private static KernelCase<SoftmaxCall> SoftmaxCase(int rows, int classes, FillPattern fill = FillPattern.Normal) => new(
        $"rows={rows} classes={classes} {fill}",
        [Operand.In("logits", rows * classes, fill), Operand.Out("probabilities", rows * classes, classes)],
        m => new SoftmaxCall
        {
            Rows = rows,
            Classes = classes,
            Logits = m["logits"],
            Probabilities = m["probabilities"],
        },
        v => LossReference.Softmax(rows, classes, v["logits"], v["probabilities"]));

    private static IEnumerable<KernelCase> SquaredErrorCases()
    {
        foreach (var (batch, elements) in CaseSizes.Matrices)
        {
            yield return SquaredErrorCase(batch, elements, weighted: true, gradient: true);
        }

        yield return SquaredErrorCase(5, 17, weighted: false, gradient: false);
        yield return SquaredErrorCase(5, 17, weighted: true, gradient: false);
        yield return SquaredErrorCase(5, 17, weighted: false, gradient: true);
        yield return SquaredErrorCase(13, 3 * 32 * 32, weighted: true, gradient: true);
        yield return SquaredErrorCase(2, HostElementwise.Chunk + 1, weighted: false, gradient: true);
        yield return SquaredErrorCase(5, 17, weighted: true, gradient: true, FillPattern.Large);
        yield return SquaredErrorCase(5, 17, weighted: true, gradient: true, FillPattern.Constant);
    }

    private static KernelCase<SquaredErrorCall> SquaredErrorCase(
        int batch, int elements, bool weighted, bool gradient, FillPattern fill = FillPattern.Normal)
    {
        const float Scale = 0.37f;
        var operands = new List<Operand>
        {
            Operand.In("prediction", batch * elements, fill),
            Operand.In("target", batch * elements, fill),
            Operand.Out("losses", batch, elements),
        };
        AddOptional(operands, weighted, gradient, batch, Operand.Out("gradient", batch * elements));
        return new(
            $"B={batch} elements={elements} {fill}{Extras(weighted, gradient)}",
            operands,
            m => new SquaredErrorCall
            {
                Batch = batch,
                Elements = elements,
                Prediction = m["prediction"],
                Target = m["target"],
                SampleWeights = weighted ? m["weights"] : default,
                Scale = Scale,
                Losses = m["losses"],
                PredictionGradient = gradient ? m["gradient"] : default,
            },
            v => LossReference.SquaredError(
                batch, elements, Scale, v["prediction"], v["target"], weighted ? v["weights"] : null,
                v["losses"], gradient ? v["gradient"] : null))
        {
            Derive = v =>
            {
                MaskSome(weighted ? v["weights"] : []);
                for (var b = 0; weighted && b < batch; b++)
                {
                    // What is masked out may be anything.
                    v["prediction"][b * elements] = v["weights"][b] == 0 ? double.NaN : v["prediction"][b * elements];
                }
            },
        };
    }

    private static string Extras(bool weighted, bool gradient) =>
        (weighted ? " weighted" : "") + (gradient ? " gradient" : "");

    private static void AddOptional(List<Operand> operands, bool weighted, bool gradient, int rows, Operand result)
    {
        if (weighted)
        {
            operands.Add(Operand.In("weights", rows, FillPattern.Positive));
        }

        if (gradient)
        {
            operands.Add(result);
        }
    }

    /// <summary>Every third row has weight 0.</summary>
    private static void MaskSome(double[] weights)
    {
        for (var i = 1; i < weights.Length; i += 3)
        {
            weights[i] = 0;
        }
    }
}
