using BoxerMpi.Transport;

namespace BoxerMpi.Internal;

/// <summary>Payload in library memory that is no message of this rank's: on its way to another one, or a text.</summary>
internal sealed unsafe class NativePayload : IPayloadOwner
{
    private NativePayload(byte* pointer, long length)
    {
        Pointer = pointer;
        Length = length;
    }

    public byte* Pointer { get; }

    public long Length { get; }

    /// <summary>Where so many bytes may arrive.</summary>
    public static PayloadTarget Target(NativeBlocks blocks, long length)
    {
        byte* block = blocks.Rent(length);
        return new PayloadTarget { Pointer = block, Capacity = length, State = new NativePayload(block, length) };
    }

    public void PayloadSent() => NativeBlocks.Free(Pointer);

    public void PayloadLost(Exception reason) => NativeBlocks.Free(Pointer);
}
