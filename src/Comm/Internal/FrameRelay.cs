using BoxerMpi.Transport;
using BoxerMpi.Wire;

namespace BoxerMpi.Internal;

/// <summary>Passes frames on between ranks that have no link to each other. Used under the engine's gate.</summary>
internal sealed unsafe class FrameRelay(ProgressEngine engine, Peer[] peers, NativeBlocks blocks)
{
    public PayloadTarget Begin(in FrameHeader header)
    {
        // Grants of relayed messages are shorter than this, and so are messages that are not asked for.
        if (header.Length > WireLimits.CreditWindowBytes)
            throw new WireFormatException($"{header.Length} bytes were to be relayed at once; at most {WireLimits.CreditWindowBytes} are.");
        return NativePayload.Target(blocks, header.Length);
    }

    public void End(FrameHeader header, NativePayload payload)
    {
        if (peers[header.Destination].Link is not { IsClosed: false } link)
        {
            payload.PayloadSent();
            return;
        }

        if (link.Enqueue(ref header, payload.Pointer, payload))
            payload.PayloadSent();
        engine.Submit(link, urgent: true);
    }
}
