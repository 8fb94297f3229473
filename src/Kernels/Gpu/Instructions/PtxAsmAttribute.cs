namespace DPT.Engine.Kernels;

/// <summary>
/// The method is a piece of PTX: where a kernel calls it, this text is printed. Operands stay in registers; structs go
/// in and come out as one register per field. The body is the meaning of the text in plain C# for one thread, and is
/// never compiled for the GPU.
/// </summary>
/// <param name="template">
/// PTX with placeholders: <c>$d</c> the result, <c>$0</c>..<c>$9</c> the arguments (a struct prints as
/// <c>{r, r, …}</c>), <c>$0.2</c> one field of a struct, <c>$s0</c> a reference as a 32-bit address in shared memory,
/// <c>$p0</c> the generic address of the kernel's parameter that the argument is. <c>$d:=$0;</c> in front has the result start as
/// argument 0, for instructions that add to registers in place, and <c>$d:=0;</c> as zeros; only structs of 32-bit fields.
/// </param>
/// <remarks>Needs ILGPU's <c>[IntrinsicImplementation]</c> beside it, which keeps the body away from the compiler.</remarks>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PtxAsmAttribute(string template) : Attribute
{
    /// <summary>The text with placeholders.</summary>
    public string Template { get; } = template;
}
