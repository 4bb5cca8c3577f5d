namespace BoxerMpi.Launching.Hosts;

/// <summary>Who gets the launcher's standard input: one rank (rank 0 unless said otherwise), all, or none.</summary>
internal readonly record struct StandardInput(bool All, int? Rank)
{
    public static StandardInput None => new(false, null);
}
