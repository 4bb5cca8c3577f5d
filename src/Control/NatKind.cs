using System.Net;

namespace BoxerMpi.Control;

/// <summary>What stands between a member and the others, as far as the coordinator can tell.</summary>
internal enum NatKind : byte
{
    /// <summary>Nothing: the observed endpoint is the member's own.</summary>
    None,

    /// <summary>A NAT that keeps the port and uses the same external endpoint towards everybody.</summary>
    PortKept,

    /// <summary>A NAT that changes the port, but uses the same external endpoint towards everybody.</summary>
    Remapped,

    /// <summary>A NAT with another external endpoint for each destination: it can only be entered by whom it was opened for.</summary>
    Symmetric,

    /// <summary>A NAT that was observed from one place only.</summary>
    Unknown,
}

/// <summary>Names and detection of <see cref="NatKind"/>.</summary>
internal static class NatKinds
{
    /// <param name="local">The member's own end.</param>
    /// <param name="observed">What the coordinator sees of it.</param>
    /// <param name="second">What a reflector sees of the same local port, when one was asked.</param>
    public static NatKind Detect(IPEndPoint local, IPEndPoint observed, IPEndPoint? second)
    {
        if (second is not null && !second.Equals(observed))
            return NatKind.Symmetric;
        if (observed.Equals(local))
            return NatKind.None;
        if (second is null)
            return NatKind.Unknown;
        return observed.Port == local.Port ? NatKind.PortKept : NatKind.Remapped;
    }

    /// <exception cref="WireFormatException">There is no such kind.</exception>
    public static NatKind Checked(byte value) =>
        value <= (byte)NatKind.Unknown ? (NatKind)value : throw new WireFormatException($"NAT kind {value} is unknown.");

    /// <summary>The name in events, reports and messages.</summary>
    public static string Name(this NatKind kind) => kind switch
    {
        NatKind.None => "none",
        NatKind.PortKept => "port-kept",
        NatKind.Remapped => "remapped",
        NatKind.Symmetric => "symmetric",
        _ => "unknown",
    };
}
