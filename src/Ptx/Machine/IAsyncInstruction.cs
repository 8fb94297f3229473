namespace DPT.Engine.Ptx;

/// <summary>An instruction that works in the background, or orders what does.</summary>
internal interface IAsyncInstruction;
