using System.Reflection;
using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>One argument of a launch: a parameter of the kernel, or a field of one that is a struct.</summary>
/// <param name="Name">As in the source; <c>parameter.field</c> in a struct.</param>
/// <param name="Kind">Its type, as far as the launch is concerned.</param>
/// <param name="Offset">Where its bytes start among those of all arguments.</param>
/// <param name="ElementBytes">Bytes of an element of a view; 0 for every other kind.</param>
public readonly record struct GpuParameter(string Name, GpuParameterKind Kind, int Offset, int ElementBytes = 0)
{
    /// <summary>The arguments of a kernel, laid out as C lays out its parameters, where each parameter starts, and their bytes.</summary>
    internal static (IReadOnlyList<GpuParameter> Parameters, int[] Starts, int Bytes) Of(string kernel, MethodInfo method)
    {
        var found = new List<GpuParameter>();
        var starts = new List<int>();
        var end = 0;
        foreach (var parameter in method.GetParameters())
        {
            var first = found.Count;
            end = Add(found, kernel, parameter.Name!, parameter.ParameterType, end);
            starts.Add(found[first].Offset);
        }

        return (found, [.. starts], end);
    }

    /// <summary>Adds a parameter, or the fields of a struct, from an offset on; where the next may start is returned.</summary>
    private static int Add(List<GpuParameter> found, string kernel, string name, Type type, int offset)
    {
        offset = RoundUp(offset, Alignment(kernel, name, type));
        if (KindOf(type) is { } kind)
        {
            found.Add(new GpuParameter(name, kind, offset, kind == GpuParameterKind.View ? ElementSize(type) : 0));
            return offset + SizeOf(kind);
        }

        foreach (var field in Fields(kernel, name, type))
        {
            offset = Add(found, kernel, NameOf(name, field), field.FieldType, offset);
        }

        return RoundUp(offset, Alignment(kernel, name, type));
    }

    private static int Alignment(string kernel, string name, Type type) => KindOf(type) is { } kind
        ? kind == GpuParameterKind.TensorMap ? PtxTensorMap.Alignment : Math.Min(SizeOf(kind), 8)
        : Fields(kernel, name, type).Max(f => Alignment(kernel, NameOf(name, f), f.FieldType));

    /// <summary>The fields of a struct in the order of declaration.</summary>
    private static IReadOnlyList<FieldInfo> Fields(string kernel, string name, Type type)
    {
        var isStruct = type is { IsValueType: true, IsPrimitive: false, IsEnum: false }
            && type.Namespace?.StartsWith("System", StringComparison.Ordinal) != true;
        FieldInfo[] fields = isStruct
            ? [.. type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).OrderBy(f => f.MetadataToken)]
            : [];
        return fields.Length > 0
            ? fields
            : throw new KernelException($"{kernel}: a kernel cannot have a parameter of type {type.Name} ('{name}')");
    }

    /// <summary>As in the source, where the field of a property <c>Scale</c> is that name too.</summary>
    private static string NameOf(string owner, FieldInfo field) =>
        $"{owner}.{(field.Name[0] == '<' ? field.Name[1..field.Name.IndexOf('>', StringComparison.Ordinal)] : field.Name)}";

    private static GpuParameterKind? KindOf(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ArrayView<>) ? GpuParameterKind.View
        : type == typeof(int) || type == typeof(uint) ? GpuParameterKind.Int32
        : type == typeof(float) ? GpuParameterKind.Float32
        : type == typeof(long) || type == typeof(ulong) ? GpuParameterKind.Int64
        : type == typeof(TensorMap) ? GpuParameterKind.TensorMap
        : null;

    private static int SizeOf(GpuParameterKind kind) => kind switch
    {
        GpuParameterKind.View => 16,
        GpuParameterKind.Int64 => 8,
        GpuParameterKind.TensorMap => PtxTensorMap.Bytes,
        _ => 4,
    };

    private static int ElementSize(Type view) => (int)typeof(Unsafe)
        .GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(view.GetGenericArguments()).Invoke(null, null)!;

    private static int RoundUp(int offset, int alignment) => (offset + alignment - 1) / alignment * alignment;
}

/// <summary>What a parameter takes in the launch buffer.</summary>
public enum GpuParameterKind
{
    /// <summary>Address and number of elements, 16 bytes.</summary>
    View,

    /// <summary>4 bytes.</summary>
    Int32,

    /// <summary>4 bytes.</summary>
    Float32,

    /// <summary>8 bytes.</summary>
    Int64,

    /// <summary>128 bytes, aligned to 64.</summary>
    TensorMap,
}
