namespace BoxerMpi.Architecture.Tests;

/// <summary>Bad samples: each rule is shown to see what it is there to see, and to let the rest be.</summary>
public class RuleTests
{
    // Put together here, so that this file does not break the rules that it tests.
    private const string ToDo = "TO" + "DO";
    private const string FixMe = "FIX" + "ME";
    private const string Sleep = "Thread." + "Sleep";
    private const string Delay = "Task." + "Delay";

    [Theory]
    [InlineData("src/Wire/Wire.csproj", "../Transport/Transport.csproj")]
    [InlineData("src/Wire/Wire.csproj", "../Topology/Topology.csproj")]
    [InlineData("src/Topology/Topology.csproj", "../Wire/Wire.csproj")]
    [InlineData("src/Transport/Transport.csproj", @"..\Rendezvous\Rendezvous.csproj")]
    [InlineData("src/Control/Control.csproj", "../Coordinator/Coordinator.csproj")]
    [InlineData("src/Control/Control.csproj", "../Rendezvous/Rendezvous.csproj")]
    [InlineData("src/Coordinator/Coordinator.csproj", "../Rendezvous/Rendezvous.csproj")]
    [InlineData("src/Rendezvous/Rendezvous.csproj", "../Coordinator/Coordinator.csproj")]
    [InlineData("src/BoxerMpi/BoxerMpi.csproj", "../Coordinator/Coordinator.csproj")]
    [InlineData("src/Comm/Comm.csproj", "../Collectives/Collectives.csproj")]
    [InlineData("src/Collectives/Collectives.csproj", "../Exchange/Exchange.csproj")]
    [InlineData("src/Exchange/Exchange.csproj", "../BoxerMpi/BoxerMpi.csproj")]
    [InlineData("src/BoxerMpi/BoxerMpi.csproj", "../Aws/Aws.csproj")]
    [InlineData("src/BoxerMpi/BoxerMpi.csproj", "../../launcher/launcher.csproj")]
    [InlineData("src/Comm/Comm.csproj", "../../examples/Hello/Hello.csproj")]
    [InlineData("src/Comm/Comm.csproj", "../../tests/Comm.Tests/Comm.Tests.csproj")]
    [InlineData("src/Comm/Comm.csproj", "../.././bench/Micro/Micro.csproj")]
    [InlineData("src/BoxerMpi/BoxerMpi.csproj", "../../hosting/Processes/Processes.csproj")]
    [InlineData("hosting/Processes/Processes.csproj", "../../src/Transport/Transport.csproj")]
    [InlineData("hosting/Processes/Processes.csproj", "../NatLab/NatLab.csproj")]
    [InlineData("hosting/NatLab/NatLab.csproj", "../../src/Rendezvous/Rendezvous.csproj")]
    [InlineData("hosting/NatLab/NatLab.csproj", "../../launcher/launcher.csproj")]
    [InlineData("hosting/NatLab/NatLab.csproj", "../Launching/Launching.csproj")]
    [InlineData("hosting/Launching/Launching.csproj", "../Functions/Functions.csproj")]
    [InlineData("hosting/Launching/Launching.csproj", "../../src/Aws/Aws.csproj")]
    [InlineData("hosting/Functions/Functions.csproj", "../../launcher/launcher.csproj")]
    [InlineData("hosting/LambdaService/LambdaService.csproj", "../NatLab/NatLab.csproj")]
    [InlineData("hosting/LambdaBootstrap/LambdaBootstrap.csproj", "../../src/Wire/Wire.csproj")]
    [InlineData("examples/Hello/Hello.csproj", "../../hosting/Processes/Processes.csproj")]
    [InlineData("launcher/launcher.csproj", "../tests/Comm.Tests/Comm.Tests.csproj")]
    [InlineData("examples/Hello/Hello.csproj", "../../launcher/launcher.csproj")]
    [InlineData("examples/Hello/Hello.csproj", "../Pi/Pi.csproj")]
    [InlineData("bench/Micro/Micro.csproj", "../../tests/Comm.Tests/Comm.Tests.csproj")]
    public void A_reference_upwards_is_seen(string from, string to)
    {
        ProjectFile project = Referencing(from, to);
        string target = project.References[0];
        Assert.Equal([$"{from} may not use {target}"], ReferenceRules.Direction([project, Referencing(target)]));
    }

    [Theory]
    [InlineData("src/Transport/Transport.csproj", "../Wire/Wire.csproj")]
    [InlineData("src/Control/Control.csproj", "../Transport/Transport.csproj")]
    [InlineData("src/Coordinator/Coordinator.csproj", "../Control/Control.csproj")]
    [InlineData("src/Rendezvous/Rendezvous.csproj", "../Control/Control.csproj")]
    [InlineData("src/Comm/Comm.csproj", "../Wire/Wire.csproj")]
    [InlineData("src/Comm/Comm.csproj", "../Topology/Topology.csproj")]
    [InlineData("src/BoxerMpi/BoxerMpi.csproj", @"..\Exchange\Exchange.csproj")]
    [InlineData("src/Aws/Aws.csproj", "../Exchange/Exchange.csproj")]
    [InlineData("launcher/launcher.csproj", "../src/Aws/Aws.csproj")]
    [InlineData("hosting/NatLab/NatLab.csproj", "../Processes/Processes.csproj")]
    [InlineData("hosting/Functions/Functions.csproj", "../Launching/Launching.csproj")]
    [InlineData("hosting/NatLab/NatLab.csproj", "../../src/Transport/Transport.csproj")]
    [InlineData("launcher/launcher.csproj", "../hosting/Processes/Processes.csproj")]
    [InlineData("examples/Hello/Hello.csproj", "../../src/BoxerMpi/BoxerMpi.csproj")]
    [InlineData("tests/Launcher.Tests/Launcher.Tests.csproj", "../../launcher/launcher.csproj")]
    [InlineData("bench/Micro/Micro.csproj", "../../src/Wire/Wire.csproj")]
    public void A_reference_downwards_is_let_be(string from, string to)
    {
        ProjectFile project = Referencing(from, to);
        Assert.Empty(ReferenceRules.Direction([project, Referencing(project.References[0])]));
    }

    [Fact]
    public void A_project_out_of_order_is_seen()
    {
        Assert.Equal(
            ["src/Extra/Extra.csproj is a layer without a place in the order"],
            ReferenceRules.Direction([Referencing("src/Extra/Extra.csproj")]));
        Assert.Equal(
            ["hosting/Extra/Extra.csproj is a layer without a place in the order"],
            ReferenceRules.Direction([Referencing("hosting/Extra/Extra.csproj")]));
        Assert.Equal(
            ["tools/Tool/Tool.csproj is in none of the folders src, hosting, launcher, examples, bench, tests"],
            ReferenceRules.Direction([Referencing("tools/Tool/Tool.csproj")]));
        Assert.Equal(
            ["src/Wire/Wire.csproj references ../elsewhere/Other.csproj, which is not there"],
            ReferenceRules.Direction([Referencing("src/Wire/Wire.csproj", "../../../elsewhere/Other.csproj")]));
    }

    [Fact]
    public void A_source_file_of_another_folder_is_seen()
    {
        ProjectFile project = Project("src/Wire/Wire.csproj", """
            <ItemGroup>
              <Compile Include="Own.cs" />
              <Compile Include="../Wire/Own.cs" />
              <Compile Include="../Comm/Communicator.cs" Link="Communicator.cs" />
            </ItemGroup>
            """);
        Assert.Equal(
            ["src/Wire/Wire.csproj compiles ../Comm/Communicator.cs from outside of its folder"],
            ReferenceRules.Direction([project]));
    }

    [Fact]
    public void A_namespace_of_another_folder_is_seen()
    {
        SourceText[] files =
        [
            new("launcher/Program.cs", "return Top.Run();"),
            new("launcher/Top.cs", "namespace A.B;\n"),
            new("launcher/Low/Good.cs", "using System;\n\nnamespace A.B.Low;\n"),
            new("launcher/Low/Deep/Bad.cs", "namespace A.B.Low;\n"),
        ];
        Assert.Equal(["launcher/Low/Deep/Bad.cs is in A.B.Low instead of A.B.Low.Deep"], FolderRules.Namespaces("launcher", "A.B", files));
    }

    [Fact]
    public void A_circle_of_folders_is_seen()
    {
        SourceText top = new("launcher/Top.cs", "using A.B.High;\n");
        SourceText high = new("launcher/High/High.cs", "using A.B.Low;\n");
        SourceText low = new("launcher/Low/Low.cs", "using System;\nusing A.B.Low.Deep;\nTops tops;");
        Assert.Empty(FolderRules.Circles("launcher", "A.B", [top, high, low]));
        SourceText back = new("launcher/Low/Deep/Back.cs", "using Alias = A.B.High.Deep;\n");
        Assert.Equal(
            ["folders of launcher are in a circle: High uses Low, Low uses High"],
            FolderRules.Circles("launcher", "A.B", [top, high, low, back]));
        Assert.Equal(
            ["folders of launcher are in a circle: the top uses High, High uses Low, Low uses the top"],
            FolderRules.Circles("launcher", "A.B", [top, high, low, new("launcher/Low/Up.cs", "Top.Run();")]));
    }

    [Fact]
    public void A_project_that_the_solution_lacks_is_seen()
    {
        const string Solution = """
            Project("{2150E333}") = "src", "src", "{1}"
            EndProject
            Project("{FAE04EC0}") = "Wire", "src\Wire\Wire.csproj", "{2}"
            EndProject
            Project("{FAE04EC0}") = "Gone", "src\Gone\Gone.csproj", "{3}"
            EndProject
            """;
        Assert.Equal(
            ["src/Comm/Comm.csproj is not in the solution", "the solution lists src/Gone/Gone.csproj, which is not there"],
            ReferenceRules.Solution([Referencing("src/Wire/Wire.csproj"), Referencing("src/Comm/Comm.csproj")], Solution));
    }

    [Fact]
    public void A_package_with_a_version_of_its_own_is_seen()
    {
        ProjectFile project = Project("src/Wire/Wire.csproj", """
            <ItemGroup>
              <PackageReference Include="Central" />
              <PackageReference Include="Attribute" Version="1.0.0" />
              <PackageReference Include="Element"><Version>1.0.0</Version></PackageReference>
              <PackageReference Include="Override" VersionOverride="1.0.0" />
              <PackageReference Include="Unknown" />
            </ItemGroup>
            """);
        Assert.Equal(
            [
                "src/Wire/Wire.csproj uses Unknown, which Directory.Packages.props does not have",
                "src/Wire/Wire.csproj gives Attribute a version of its own",
                "src/Wire/Wire.csproj gives Element a version of its own",
                "src/Wire/Wire.csproj gives Override a version of its own",
            ],
            ReferenceRules.Packages([project], ["Central", "Attribute", "Element", "Override"]));
    }

    [Fact]
    public void A_library_that_is_not_ready_for_native_compilation_is_seen()
    {
        const string Yes = "<PropertyGroup><IsAotCompatible>true</IsAotCompatible></PropertyGroup>";
        const string No = "<PropertyGroup><IsAotCompatible>false</IsAotCompatible></PropertyGroup>";
        ProjectFile plain = Referencing("src/Wire/Wire.csproj");
        Assert.Empty(ReferenceRules.AheadOfTime(Project("src/Directory.Build.props", Yes), [plain]));
        Assert.Equal(
            ["src/Directory.Build.props does not set IsAotCompatible to true", "src/Comm/Comm.csproj sets IsAotCompatible by itself"],
            ReferenceRules.AheadOfTime(Project("src/Directory.Build.props", No), [plain, Project("src/Comm/Comm.csproj", No)]));
        Assert.Single(ReferenceRules.AheadOfTime(Project("src/Directory.Build.props", ""), [plain]));
    }

    [Fact]
    public void Unfinished_code_is_seen()
    {
        SourceText bad = new("a.cs", $"int a;\n// {ToDo}: more\n/* {FixMe} */ throw new {"NotImplemented" + "Exception"}();\n");
        Assert.Equal([$"a.cs:2: {ToDo}", $"a.cs:3: {FixMe}", "a.cs:3: NotImplemented" + "Exception"], TextRules.Unfinished([bad]));
        Assert.Empty(TextRules.Unfinished([new("b.cs", $"// what is left to do\nint {ToDo}S, AUTO{ToDo};")]));
    }

    [Fact]
    public void A_name_that_may_end_in_a_line_break_is_seen()
    {
        SourceText bad = new("a.cs", "[GeneratedRegex(\"^a+$\")]\n[GeneratedRegex(\n    @\"^b$\", Options)]\nRegex.IsMatch(text, \"^c$\");");
        Assert.Equal(3, TextRules.LooseEnds([bad]).Count());
        Assert.Empty(TextRules.LooseEnds([new("b.cs", "[GeneratedRegex(@\"^a\\z\")]\n[GeneratedRegex(\"[0-9]\")]\nstring s = \"^d$\";")]));
    }

    [Fact]
    public void A_sleeping_test_is_seen()
    {
        SourceText bad = new("a.cs", $"{Sleep}(10);\nawait System.Threading.Tasks.{Delay}(5);\nawait Task\n    .{"Delay"}(1);");
        string[] found = [.. TextRules.Sleeps([bad])];
        Assert.Equal([$"a.cs:1: {Sleep}", $"a.cs:2: {Delay}"], found[..2]);
        Assert.StartsWith("a.cs:3: Task", Assert.Single(found[2..]), StringComparison.Ordinal);
        Assert.Empty(TextRules.Sleeps([new("b.cs", "await task.WaitAsync(limit); retry.Delay(3); // threads sleep")]));
    }

    [Fact]
    public void A_library_that_names_an_option_is_seen()
    {
        SourceText bad = new("a.cs", "int i;\nthrow new E($\"It is {i}; allow it with --of-this-kind, or not.\");\n");
        Assert.Equal(["a.cs:2: --of-this-kind"], TextRules.Options([bad]));
        Assert.Empty(TextRules.Options([new("b.cs", "/// <c>boxer run --topology</c> \"x\"\ni--; // x --a\nstring s = \"a--b\"; i = --j;")]));
    }

    private static ProjectFile Referencing(string path, params string[] references) =>
        Project(path, string.Concat(references.Select(include => $"<ItemGroup><ProjectReference Include=\"{include}\" /></ItemGroup>")));

    private static ProjectFile Project(string path, string content) => ProjectFile.Parse(path, $"<Project>{content}</Project>");
}
