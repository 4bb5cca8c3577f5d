namespace BoxerMpi.NatLab;

/// <summary>How a NAT gateway maps the ports of the hosts behind it, and whom it lets in (RFC 4787 has the words in brackets).</summary>
internal enum GatewayKind
{
    /// <summary>Keeps the port, whoever is called (endpoint-independent mapping); lets in only endpoints that were called before
    /// (address-and-port-dependent filtering). What functions of a cloud service are behind.</summary>
    Cone,

    /// <summary>As <see cref="Cone"/>, but the outer port is another one than the inner: shows who uses a port that nobody told it.</summary>
    Remap,

    /// <summary>As <see cref="Cone"/>, but lets in anyone by a port that is mapped (endpoint-independent filtering).</summary>
    FullCone,

    /// <summary>Another outer port for each endpoint that is called (endpoint-dependent mapping).</summary>
    Symmetric,

    /// <summary>No gateway: the host has its public address itself.</summary>
    None,
}

/// <summary>What a gateway does with a SYN that belongs to nothing.</summary>
internal enum UnsolicitedAnswer
{
    /// <summary>Nothing.</summary>
    Drop,

    /// <summary>Answers with a TCP reset, which closes the mapping of a sender that is behind a gateway itself.</summary>
    Reset,
}
