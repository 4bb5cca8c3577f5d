using System.Net;
using BoxerMpi.Control;

namespace BoxerMpi.Rendezvous;

/// <summary>What two ranks tell each other through the coordinator for a connection of an application.</summary>
/// <remarks>Numbered apart from <see cref="LinkSignalKind"/>: the first byte of a signal tells which of the two it is.</remarks>
internal enum ApplicationSignalKind : byte
{
    /// <summary>The receiver opens its NAT for an application of the sender.</summary>
    Asked = 64,

    /// <summary>The application connects to the endpoint that comes with it.</summary>
    Ready = 65,

    /// <summary>There is nothing to connect to, and why.</summary>
    Refused = 66,
}

/// <summary>A message of <see cref="ApplicationSignalKind"/>.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Id">The sender's own number of the request, which comes back with the answer.</param>
/// <param name="Port">The port that the application listens on.</param>
/// <param name="EndPoint">
/// In a request where the connection will come from, or nothing when no NAT has to be opened for it; in an answer where it is to go.
/// </param>
/// <param name="Opening">How the NAT is opened.</param>
/// <param name="Hops">How far the packet that opens may travel; 0 for as far as it takes.</param>
/// <param name="Text">Why it is refused.</param>
internal sealed record ApplicationSignal(
    ApplicationSignalKind Kind, int Id, int Port, IPEndPoint? EndPoint = null, Opening Opening = Opening.Doomed, int Hops = 0, string Text = "")
{
    private const int MaximumHops = 16;

    public static bool IsOne(ReadOnlySpan<byte> payload) => !payload.IsEmpty && payload[0] >= (byte)ApplicationSignalKind.Asked;

    public ReadOnlyMemory<byte> Encode() =>
        new MessageWriter(ControlKind.None, 64).Byte((byte)Kind).Int32(Id).UInt16((ushort)Port).OptionalEndPoint(EndPoint)
            .Byte((byte)Opening).Byte((byte)Hops).Text(Text, Limits.SignalBytes / 2).Finish()[ControlFrame.PrefixBytes..];

    /// <exception cref="WireFormatException">It makes no sense.</exception>
    public static ApplicationSignal Decode(ReadOnlySpan<byte> payload)
    {
        MessageReader reader = new(payload);
        ApplicationSignal signal = new(
            (ApplicationSignalKind)reader.Byte(), reader.Int32(), reader.UInt16(), reader.OptionalEndPoint(),
            (Opening)reader.Byte(), reader.Byte(), reader.Text(Limits.SignalBytes / 2));
        reader.End();
        return signal.Kind <= ApplicationSignalKind.Refused && signal.Opening <= Opening.Kept && signal.Hops <= MaximumHops
            ? signal
            : throw new WireFormatException("a message for a connection of an application makes no sense");
    }
}
