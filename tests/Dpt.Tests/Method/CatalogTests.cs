namespace DPT.Engine.Dpt.Tests;

/// <summary>Catalogues take what somebody else made, and no two of a name.</summary>
public sealed class CatalogTests
{
    [Test]
    public void Add_ANameThatIsTaken_IsRefused()
    {
        Require(() => SemiSupervisedCatalog.Add(SemiSupervisedCatalog.Kinds[0]), "the name 'freematch' is taken by another algorithm");
        Require(() => ClassifierCatalog.Add(ClassifierCatalog.Kinds[0]), "the name 'vit' is taken by another classifier");
        Require(() => GeneratorCatalog.Add(GeneratorCatalog.Kinds[0]), "the name 'u-vit' is taken by another generator");

        static void Require(Action add, string message) =>
            Assert.That(add, Throws.TypeOf<ArgumentException>().With.Message.StartsWith(message));
    }

    [Test]
    public void Add_AnAlgorithm_IsFoundByItsName()
    {
        var mine = SemiSupervisedCatalog.Find("fixmatch") with { Name = "mine" };
        SemiSupervisedCatalog.Add(mine);
        Assert.That(SemiSupervisedCatalog.Find("mine"), Is.SameAs(mine));
    }
}
