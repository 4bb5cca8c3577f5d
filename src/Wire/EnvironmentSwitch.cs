namespace BoxerMpi.Wire;

/// <summary>What variables take that are on or off: the same words for all of them.</summary>
internal static class EnvironmentSwitch
{
    /// <summary>The words, for messages.</summary>
    public const string Words = "1, true, on or yes, or 0, false, off or no";

    /// <summary>Whether a value means on or off, in whatever case; null when it means neither.</summary>
    public static bool? Parse(string value) => value.Trim().ToUpperInvariant() switch
    {
        "1" or "TRUE" or "ON" or "YES" => true,
        "0" or "FALSE" or "OFF" or "NO" => false,
        _ => null,
    };
}
