using System.Runtime.InteropServices;

namespace BoxerMpi.Processes;

/// <summary>Zero-terminated strings with the bytes of their <see cref="SystemText"/>, and vectors of them, freed together.</summary>
internal sealed unsafe class NativeStrings : IDisposable
{
    private readonly List<nint> _blocks = [];

    public byte* Add(string text)
    {
        byte[] bytes = SystemText.Encode(text);
        byte* block = (byte*)NativeMemory.Alloc((nuint)bytes.Length + 1);
        _blocks.Add((nint)block);
        bytes.CopyTo(new Span<byte>(block, bytes.Length));
        block[bytes.Length] = 0;
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
