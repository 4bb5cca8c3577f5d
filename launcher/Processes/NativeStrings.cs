using System.Runtime.InteropServices;
using System.Text;

namespace BoxerMpi.Launcher.Processes;

/// <summary>Zero-terminated UTF-8 strings and vectors of them, freed together.</summary>
internal sealed unsafe class NativeStrings : IDisposable
{
    private readonly List<nint> _blocks = [];

    public byte* Add(string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        byte* block = (byte*)NativeMemory.Alloc((nuint)length + 1);
        _blocks.Add((nint)block);
        Encoding.UTF8.GetBytes(text, new Span<byte>(block, length));
        block[length] = 0;
        return block;
    }

    public byte** AddVector(IEnumerable<string> texts)
    {
        nint[] pointers = [.. texts.Select(text => (nint)Add(text)), 0];
        byte** vector = (byte**)NativeMemory.Alloc((nuint)pointers.Length, (nuint)sizeof(nint));
        _blocks.Add((nint)vector);
        pointers.CopyTo(new Span<nint>(vector, pointers.Length));
        return vector;
    }

    public void Dispose()
    {
        foreach (nint block in _blocks)
            NativeMemory.Free((void*)block);
    }
}
